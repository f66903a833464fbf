package transport

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// journal has the times at which a server wrote: starts and ends, in pairs.
type journal struct {
	mu     sync.Mutex
	writes [][2]probe.Instant
}

// covers reports whether the server was writing at the moment at.
func (j *journal) covers(at probe.Instant) bool {
	j.mu.Lock() // waits for the end of a write already arrived
	defer j.mu.Unlock()
	for _, w := range j.writes {
		if w[0] <= at && at <= w[1] {
			return true
		}
	}
	return false
}

// journalled is a connection with a journal of its writes.
type journalled struct {
	net.Conn
	journal *journal
}

func (c journalled) Write(p []byte) (int, error) {
	c.journal.mu.Lock()
	defer c.journal.mu.Unlock()
	from := probe.Now()
	n, err := c.Conn.Write(p)
	c.journal.writes = append(c.journal.writes, [2]probe.Instant{from, probe.Now()})
	return n, err
}

// On loopback data arrives while it is written: by the kernel's clock an answer begins and
// ends then, however late it is read.
func TestAnAnswerEndsWhenItHasArrived(t *testing.T) {
	t.Parallel()
	clock := wire.NewKernelClock()
	t.Cleanup(clock.Close)
	if !clock.IsAvailable() {
		t.Skip("the kernel does not say when bytes arrive")
	}
	const requests = 200
	authority := certs.Issue(nil, certs.Authority)
	certificate := certs.Issue(&authority)
	inTwo := func(c net.Conn) {
		for buf := make([]byte, 4096); peers.ReadRequest(c, buf); {
			for _, part := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"} {
				if _, err := c.Write([]byte(part)); err != nil {
					return
				}
			}
		}
	}
	multiplexed := playing(func(p *peers.H2) { p.Serve() })
	for name, c := range map[string]struct {
		scheme  string
		version option.HTTPVersion
		script  peers.Script
	}{
		"HTTP/1":           {"http", option.OnlyHTTP11, inTwo},
		"HTTP/1 over TLS":  {"https", option.OnlyHTTP11, peers.Within(peers.Showing(certificate), inTwo)},
		"HTTP/2":           {"http", option.H2C, multiplexed},
		"HTTP/2 over TLS":  {"https", option.OnlyHTTP2, peers.Within(peers.Showing(certificate, "h2"), multiplexed)},
		"a new connection": {"http", option.OnlyHTTP11, peers.Answering(peers.OKAnswer)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := new(journal)
			p := peers.Listen(t, func(conn net.Conn) { c.script(journalled{conn, j}) })
			cfg := Config{URL: p.URL(c.scheme), HTTPVersion: c.version, TLS: option.TLS{InsecureSkipVerify: true}}
			cfg.Clock = option.KernelClock
			if name == "a new connection" {
				cfg.RequestsPerConnection = 1
			}
			tr := newTransport(t, cfg)
			r, sentValues := new(probe.Result), 0
			for range requests {
				again(context.Background(), tr, r, patience)
				require.NoError(t, r.Err)
				if r.Clock != probe.ByKernel {
					continue
				}
				transfer, _ := r.Phase(errcode.PhaseTransfer)
				if j.covers(r.End) && j.covers(r.End.Add(-transfer)) {
					sentValues++
				}
			}
			// A thread may be set aside between its readings of the two clocks, and a
			// first segment may have no time.
			assert.Greater(t, sentValues, requests*9/10)
		})
	}
}

// A datagram has a time of arrival too. Between the datagrams of an answer others may be
// read.
func TestTheKernelTellsWhenAnswersOfHTTP3Arrive(t *testing.T) {
	t.Parallel()
	clock := wire.NewKernelClock()
	t.Cleanup(clock.Close)
	if !clock.IsAvailable() {
		t.Skip("the kernel does not say when bytes arrive")
	}
	const requests = 100
	site := peers.Serve(t, peers.HTTP3, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
	tr := newTransport(t, Config{URL: site.Root(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{InsecureSkipVerify: true}})
	r, timed := new(probe.Result), 0
	for range requests {
		again(t.Context(), tr, r, patience)
		require.NoError(t, r.Err)
		if r.Clock == probe.ByKernel {
			timed++
		}
	}
	assert.Greater(t, timed, requests*8/10)
}

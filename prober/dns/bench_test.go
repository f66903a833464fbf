package dns

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// echo is a server that answers each question like the first one, without allocations.
type echo struct{ answer, framed []byte }

func newEcho(tb testing.TB) *echo {
	tb.Helper()
	q, err := newQuery(ask(overUDP))
	require.NoError(tb, err)
	answer := good(q.message)
	return &echo{answer, append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)}
}

// packets answers datagrams until the test ends.
func (e *echo) packets(tb testing.TB) string {
	tb.Helper()
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(tb, err)
	done := make(chan struct{})
	tb.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	go func() {
		defer close(done)
		query := make([]byte, 512)
		for {
			_, from, err := c.ReadFromUDPAddrPort(query)
			if err != nil {
				return
			}
			copy(e.answer, query[:2])
			_, _ = c.WriteToUDPAddrPort(e.answer, from) // the client may be gone
		}
	}()
	return c.LocalAddr().String()
}

// stream answers on one connection.
func (e *echo) stream(c net.Conn) {
	q, _ := newQuery(ask(overTCP)) // newQuery has succeeded with it before
	query, out := make([]byte, lengthSize+len(q.message)), append([]byte(nil), e.framed...)
	for {
		if _, err := io.ReadFull(c, query); err != nil {
			return
		}
		copy(out[lengthSize:], query[lengthSize:][:2])
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// benchServer serves the three transports.
func benchServer(tb testing.TB, transport option.DNSTransport) server {
	tb.Helper()
	e := newEcho(tb)
	cert := certs.Issue(nil)
	s := server{Resolver: new(peers.Resolver), ca: certs.PEM(cert)}
	switch transport {
	case overUDP:
		s.Address = e.packets(tb)
	case overTCP:
		s.Address = peers.Listen(tb, e.stream).Address()
	case overTLS:
		s.Secured = peers.Listen(tb, peers.Within(peers.Showing(cert), e.stream)).Address()
	}
	return s
}

func benchEngine(tb testing.TB, cfg Config) func() {
	tb.Helper()
	e, err := New(cfg)
	require.NoError(tb, err)
	tb.Cleanup(e.CloseIdle)
	var r probe.Result
	return func() {
		now := probe.Now()
		r.Reset(now, now.Add(patience))
		if e.Do(tb.Context(), &r); e.Code(&r) != errcode.OK {
			tb.Fatal(r.Err, r.Unmet)
		}
	}
}

// Over TLS, crypto/tls allocates memory for records, here as in a plain loop.
func TestSteadyStateOfDNSAllocatesNothing(t *testing.T) {
	if rig.IsRaceDetected() {
		t.Skip("the race detector allocates")
	}
	for _, transport := range []option.DNSTransport{overUDP, overTCP} {
		for _, pattern := range []string{"", `^192\.0\.2\.`} {
			cfg := benchServer(t, transport).config(transport)
			cfg.Answer.Regexp = pattern
			once := benchEngine(t, cfg)
			once()
			assert.Zero(t, testing.AllocsPerRun(500, once), "%s %q", transport, pattern)
		}
	}
}

func BenchmarkUDP(b *testing.B) { benchmark(b, overUDP) }
func BenchmarkTCP(b *testing.B) { benchmark(b, overTCP) }
func BenchmarkTLS(b *testing.B) { benchmark(b, overTLS) }

func benchmark(b *testing.B, transport option.DNSTransport) {
	b.Helper()
	once := benchEngine(b, benchServer(b, transport).config(transport))
	b.ReportAllocs()
	for b.Loop() {
		once()
	}
}

// BenchmarkUDPPlainLoop asks over one socket, without any checks.
func BenchmarkUDPPlainLoop(b *testing.B) {
	address := newEcho(b).packets(b)
	c, err := net.Dial("udp", address)
	require.NoError(b, err)
	defer c.Close()
	q, err := newQuery(ask(overUDP))
	require.NoError(b, err)
	answer := make([]byte, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(q.message); err != nil {
			b.Fatal(err)
		}
		if _, err := c.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
}

package transport

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// tally sums up the results of many requests.
type tally struct {
	mu                     sync.Mutex
	opened, reused, failed int
	codes                  map[errcode.Code]int
}

// fire has each worker perform as many requests as each says, and sums up their results.
func fire(tr *Transport, workers, each int, timeout time.Duration) *tally {
	all := &tally{codes: map[errcode.Code]int{}}
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			r := new(probe.Result)
			for range each {
				again(context.Background(), tr, r, timeout)
				all.add(r)
			}
		})
	}
	working.Wait()
	return all
}

func (a *tally) add(r *probe.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.codes[codeOf(r)]++
	switch {
	case r.Opened:
		a.opened++
	case r.Reused:
		a.reused++
	default:
		a.failed++
	}
}

func TestWhatIsCountedOverHTTP3IsWhatTheServerCounts(t *testing.T) {
	t.Parallel()
	const workers, each = 32, 25
	for name, tt := range map[string]struct {
		cfg         Config
		connections int // at most
	}{
		"one connection":              {Config{}, 1},
		"eight streams each":          {Config{StreamsPerConnection: 8}, workers / 8},
		"a hundred requests each":     {Config{RequestsPerConnection: 100}, workers * each / 100 * 2},
		"a connection each":           {Config{RequestsPerConnection: 1}, workers * each},
		"more streams than there are": {Config{StreamsPerConnection: 1000}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := peers.Serve(t, peers.HTTP3, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
			cfg := tt.cfg
			cfg.URL, cfg.HTTPVersion, cfg.TLS.InsecureSkipVerify = site.Root(), option.OnlyHTTP3, true
			tr := newTransport(t, cfg)
			all := fire(tr, workers, each, patience)
			assert.Equal(t, map[errcode.Code]int{errcode.OK: workers * each}, all.codes)
			assert.EqualValues(t, workers*each, site.Requests())
			assert.EqualValues(t, site.Connections(), all.opened)
			assert.LessOrEqual(t, all.opened, tt.connections)
			assert.Zero(t, all.failed)
			tr.CloseIdle()
			tr.Wait()
			assert.Zero(t, tr.Open())
		})
	}
}

func TestAServerOfHTTP3AllowsFewStreams(t *testing.T) {
	t.Parallel()
	for _, allowed := range []int64{1, 3} {
		t.Run(fmt.Sprint(allowed), func(t *testing.T) {
			t.Parallel()
			server := peers.ListenQUIC(t, peers.Settings{QUIC: quic.Config{MaxIncomingStreams: allowed}}, func(p *peers.H3) {
				p.Greet()
				p.Serve()
			})
			tr := newTransport(t, Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: server.CA()}})
			all := fire(tr, 12, 20, patience)
			assert.Equal(t, map[errcode.Code]int{errcode.OK: 12 * 20}, all.codes)
			assert.Equal(t, server.Connections(), all.opened)
			assert.LessOrEqual(t, all.opened, 12)
		})
	}
}

func TestAServerOfHTTP3ThatAllowsNoStreamIsNotGotAround(t *testing.T) {
	t.Parallel()
	server := peers.ListenQUIC(t, peers.Settings{QUIC: quic.Config{MaxIncomingStreams: -1}}, func(p *peers.H3) { p.Greet() })
	tr := newTransport(t, Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: server.CA()}})
	all := fire(tr, 5, 1, amply)
	assert.Equal(t, map[errcode.Code]int{errcode.HTTP3: 5}, all.codes)
	assert.Equal(t, 1, server.Connections())
}

func TestARequestOverHTTP3EndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	server := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		for s := p.Request(); s != nil; s = p.Request() { // and says nothing
		}
	})
	for name, cfg := range map[string]Config{
		"without content":                   {},
		"with content that nobody takes":    {Method: "POST", BodySize: 64 << 20},
		"with content that fits the window": {Method: "POST", BodySize: 1 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.URL, cfg.HTTPVersion, cfg.TLS.CA = server.URL(), option.OnlyHTTP3, server.CA()
			tr := newTransport(t, cfg)
			for range 2 {
				r := do(tr, amply)
				assert.Equal(t, errcode.RequestTimeout, codeOf(r), "%v", r.Err)
				assert.True(t, r.RanOut())
			}
			assert.Equal(t, 1, tr.Open(), "the server is there, as its acknowledgements say")
		})
	}
}

func TestAConnectionOfHTTP3OnWhichNothingCameIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	server := peers.ListenQUIC(t, peers.Settings{}, (*peers.H3).Serve)
	tr := newTransport(t, Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: server.CA()}})
	require.NoError(t, do(tr, patience).Err)
	server.Forget() // and it tells nobody
	r := do(tr, amply)
	assert.Equal(t, errcode.RequestTimeout, codeOf(r), "%v", r.Err)
	assert.True(t, r.Reused)
	if r = do(tr, amply); r.Reused { // a packet from before was still on its way
		assert.Equal(t, errcode.RequestTimeout, codeOf(r), "%v", r.Err)
		r = do(tr, patience)
	}
	assert.True(t, r.Opened)
	if codeOf(r) != errcode.RequestTimeout { // as on a busy machine
		require.NoError(t, r.Err)
	}
	assert.LessOrEqual(t, tr.Open(), 1)
}

func TestAbortEndsRequestsOverHTTP3(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{}, 8)
	server := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		for s := p.Request(); s != nil; s = p.Request() {
			arrived <- struct{}{}
		}
	})
	tr := newTransport(t, Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{CA: server.CA()}})
	ended := make(chan *tally)
	go func() { ended <- fire(tr, 4, 1, patience) }()
	for range 4 {
		<-arrived
	}
	tr.Abort()
	assert.Equal(t, map[errcode.Code]int{errcode.Cancelled: 4}, (<-ended).codes)
	assert.Equal(t, errcode.Cancelled, codeOf(do(tr, patience)))
	tr.Wait()
	assert.Zero(t, tr.Open())
}

func TestAConnectionOfHTTP3CountsUnderTheCeiling(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(2)
	var all []*Transport
	for range 4 {
		site := peers.Serve(t, peers.HTTP3, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
		all = append(all, newTransport(t, Config{
			URL: site.Root(), HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{InsecureSkipVerify: true}, Connections: ceiling, StreamsPerConnection: 2,
		}))
	}
	var working sync.WaitGroup
	for _, tr := range all {
		working.Go(func() {
			assert.Equal(t, map[errcode.Code]int{errcode.OK: 40}, fire(tr, 4, 10, patience).codes)
		})
	}
	working.Wait()
	assert.LessOrEqual(t, ceiling.Used(), 2)
	for _, tr := range all {
		tr.CloseIdle()
		tr.Wait()
	}
	assert.Zero(t, ceiling.Used())
	assert.Zero(t, ceiling.IdleConnections())
}

// A panic within an exchange, where the worker has a place on a connection.
func TestAPanicOverHTTP3LeavesNothingHeld(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	u := serve(t, peers.HTTP3, fine)
	tr := newTransport(t, Config{URL: u, HTTPVersion: option.OnlyHTTP3, TLS: option.TLS{InsecureSkipVerify: true}, Connections: ceiling, Method: "POST", BodySize: 1 << 20})
	sound := tr.requests[0].call.content
	tr.requests[0].call.content = message.Content{Length: 1 << 20} // of nothing
	for range 3 {
		r := do(tr, patience)
		require.Equal(t, errcode.Panic, codeOf(r), "%v", r.Err)
	}
	tr.requests[0].call.content = message.Content{Length: 1 << 10}
	for range 3 {
		r := do(tr, patience)
		require.Equal(t, errcode.Panic, codeOf(r), "%v", r.Err)
	}
	tr.requests[0].call.content = sound
	require.NoError(t, do(tr, patience).Err)
	tr.CloseIdle()
	tr.Wait()
	assert.Zero(t, tr.Open())
	assert.Zero(t, ceiling.Used())
}

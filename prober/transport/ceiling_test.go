package transport

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// everyVersion returns transports under c to servers with h, one for each way to keep
// connections idle.
func everyVersion(t *testing.T, c *probe.Ceiling, h http.HandlerFunc) map[string]*Transport {
	t.Helper()
	trust := option.TLS{InsecureSkipVerify: true}
	elsewhere := serve(t, peers.HTTP1, h)
	to := func(u *url.URL) *url.URL {
		return redirect(serve(t, peers.HTTP1, redirecting), 307, u.String())
	}
	all := map[string]Config{
		"HTTP/1.1":          {URL: serve(t, peers.HTTP1, h)},
		"HTTP/1.1 over TLS": {URL: serve(t, peers.HTTP1TLS, h), TLS: trust},
		"HTTP/2":            {URL: serve(t, peers.HTTP2, h), TLS: trust},
		"HTTP/2 alone":      {URL: serve(t, peers.HTTP2, h), TLS: trust, HTTPVersion: option.OnlyHTTP2},
		"h2c":               {URL: serve(t, peers.H2C, h), HTTPVersion: option.H2C},
		"HTTP/3":            {URL: serve(t, peers.HTTP3, h), TLS: trust, HTTPVersion: option.OnlyHTTP3},
		"behind a redirect": {URL: to(elsewhere), FollowRedirects: 1},
		"HTTP/2 behind one": {URL: to(serve(t, peers.HTTP2, h)), TLS: trust, FollowRedirects: 1},
	}
	transports := make(map[string]*Transport, len(all))
	for name, cfg := range all {
		cfg.Connections = c
		transports[name] = newTransport(t, cfg)
	}
	return transports
}

func fine(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }

// reserved performs a request with a reservation, if it gets one.
func reserved(tr *Transport, r *probe.Result) bool {
	if !tr.Reserve(r) {
		return false
	}
	now := probe.Now()
	r.Reset(now, now.Add(patience))
	tr.Do(context.Background(), r)
	tr.Unreserve(r)
	return true
}

func TestAnIdleConnectionIsClosedWhereAnotherIsNeeded(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	transports := everyVersion(t, ceiling, fine)
	for first, one := range transports {
		for second, other := range transports {
			for range 2 {
				r := do(one, patience)
				require.NoError(t, r.Err, "%s after %s", first, second)
				require.Equal(t, 200, r.HTTP.Status)
				require.Equal(t, 1, ceiling.Used())
				if one == other {
					continue
				}
				var asking probe.Result
				require.True(t, reserved(other, &asking), "%s after %s", second, first)
				require.NoError(t, asking.Err, "%s after %s", second, first)
				require.Equal(t, 1, ceiling.Used())
				require.Zero(t, one.Open())
			}
		}
	}
	for _, tr := range transports {
		tr.CloseIdle()
	}
	assert.Zero(t, ceiling.Used())
	assert.Zero(t, ceiling.IdleConnections())
}

func TestTheConnectionThatWasIdleForLongestGoesFirst(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(3)
	u := serve(t, peers.HTTP1, fine)
	var all []*Transport
	for range 4 {
		all = append(all, newTransport(t, Config{URL: u, Connections: ceiling}))
	}
	for _, i := range []int{0, 1, 2, 0, 3} {
		require.NoError(t, do(all[i], patience).Err)
	}
	for i, open := range []int{1, 0, 1, 1} {
		assert.Equal(t, open, all[i].Open(), "%d", i)
	}
}

func TestAConnectionIsClosedBeforeItsPlaceIsTaken(t *testing.T) {
	t.Parallel()
	var open atomic.Int32
	gone := make(chan struct{}, 10)
	p := peers.Listen(t, func(c net.Conn) {
		open.Add(1)
		defer func() { open.Add(-1); gone <- struct{}{} }()
		buf := make([]byte, 4096)
		for peers.ReadRequest(c, buf) {
			for open.Load() > 1 { // it would wait for ever if the other one were closed later
				<-gone
			}
			_, _ = c.Write([]byte(peers.OKAnswer))
		}
	})
	ceiling := probe.NewCeiling(1)
	first := newTransport(t, Config{URL: p.URL("http"), Connections: ceiling})
	second := newTransport(t, Config{URL: p.URL("http"), Connections: ceiling})
	for range 5 {
		require.NoError(t, do(first, patience).Err)
		var r probe.Result
		require.True(t, reserved(second, &r))
		require.NoError(t, r.Err)
	}
	assert.Equal(t, 10, p.Connections())
}

func TestABusyConnectionIsNeverClosedForAnother(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	held := func(w http.ResponseWriter, q *http.Request) {
		arrived <- struct{}{}
		<-release
		fine(w, q)
	}
	for name, cfg := range map[string]Config{
		"HTTP/1.1": {URL: serve(t, peers.HTTP1, held)},
		"h2c":      {URL: serve(t, peers.H2C, held), HTTPVersion: option.H2C},
	} {
		cfg.Connections = ceiling
		busy := newTransport(t, cfg)
		done := make(chan *probe.Result)
		go func() { done <- do(busy, patience) }()
		<-arrived
		idle := newTransport(t, Config{URL: serve(t, peers.HTTP1, fine), Connections: ceiling})
		var r probe.Result
		assert.False(t, idle.Reserve(&r), name)
		r = *do(idle, briefly)
		require.ErrorIs(t, r.Err, probe.ErrConnectionLimit, name)
		assert.Equal(t, errcode.LocalResources, errcode.FromError(r.Err))
		assert.Equal(t, errcode.PhaseQueue, r.FailedIn())
		assert.Zero(t, r.Sent)
		waits := make(chan *probe.Result)
		go func() { waits <- do(idle, patience) }()
		eventually(t, func() bool { return ceiling.Waiting() == 1 })
		assert.False(t, idle.Reserve(&r), "who has started comes first")
		release <- struct{}{}
		require.NoError(t, (<-done).Err)
		require.NoError(t, (<-waits).Err, name)
		assert.Equal(t, 1, ceiling.Used())
		idle.CloseIdle()
		assert.Zero(t, ceiling.Used())
	}
}

func TestWhoWaitsForAConnectionOfAnotherIsHeldBackAsWell(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	require.True(t, ceiling.TryAcquire())
	tr := newTransport(t, Config{URL: serve(t, peers.H2C, fine), HTTPVersion: option.H2C, Connections: ceiling})
	forEach(5, func(int) {
		r := do(tr, briefly)
		assert.ErrorIs(t, r.Err, probe.ErrConnectionLimit)
		assert.Zero(t, r.Sent)
	})
	assert.Zero(t, tr.h2.State().Lined)
	assert.Zero(t, tr.h2.State().Dialing)
	ceiling.Release()
	require.NoError(t, do(tr, patience).Err)
}

func TestWhoWaitsForAConnectionGivesUpWhenCancelled(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	require.True(t, ceiling.TryAcquire())
	tr := newTransport(t, Config{URL: serve(t, peers.HTTP1, fine), Connections: ceiling})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	var r probe.Result
	go func() {
		defer close(done)
		now := probe.Now()
		r.Reset(now, now.Add(patience))
		tr.Do(ctx, &r)
	}()
	eventually(t, func() bool { return ceiling.Waiting() == 1 })
	cancel()
	<-done
	assert.Equal(t, errcode.Cancelled, errcode.FromError(r.Err))
	late, end := context.WithDeadline(t.Context(), time.Now())
	defer end()
	require.ErrorIs(t, ceiling.Acquire(late, probe.Now().Add(patience), nil), probe.ErrConnectionLimit, "the end of the time is no cancellation")
	assert.Zero(t, ceiling.Waiting())
	assert.Equal(t, 1, ceiling.Used())
}

func TestWhatWasReservedAndNotUsedIsGivenBack(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	for name, tr := range everyVersion(t, ceiling, fine) {
		if tr.cfg.FollowRedirects > 0 {
			continue // the idle connection afterwards is not to the target itself
		}
		var r probe.Result
		require.True(t, tr.Reserve(&r), name)
		assert.Equal(t, 1, ceiling.Used(), name)
		tr.Unreserve(&r)
		require.True(t, reserved(tr, &r), name)
		require.NoError(t, r.Err, name)
		require.True(t, tr.Reserve(&r), "what is warm")
		tr.Unreserve(&r)
		assert.Equal(t, 1, tr.Open(), name)
		if tr.h2 != nil {
			assert.Zero(t, tr.h2.State().Reserved)
		}
		next := newTransport(t, Config{URL: serve(t, peers.HTTP1, fine), Connections: ceiling})
		require.True(t, next.Reserve(&r), name)
		assert.Equal(t, 1, ceiling.Used(), "an idle connection is to be closed for it")
		next.Unreserve(&r)
		assert.Zero(t, ceiling.Used(), name)
		assert.Zero(t, tr.Open(), name)
	}
}

func TestAReservedConnectionThatHasEndedLeavesItsPlaceToANewOne(t *testing.T) {
	t.Parallel()
	ceiling := probe.NewCeiling(1)
	p := peers.Listen(t, peers.AnsweringOnce(peers.OKAnswer))
	tr := newTransport(t, Config{URL: p.URL("http"), Connections: ceiling})
	require.NoError(t, do(tr, patience).Err)
	awaitDead(t, tr)
	var r probe.Result
	require.True(t, reserved(tr, &r))
	require.NoError(t, r.Err)
	assert.True(t, r.Opened)
	assert.Equal(t, 2, p.Connections())
	assert.Equal(t, 1, ceiling.Used())
}

func TestStreamsNeedNoConnectionsOfTheirOwn(t *testing.T) {
	t.Parallel()
	const streams = 4
	var mu sync.Mutex
	arrived := 0
	all := make(chan struct{})
	u := serve(t, peers.H2C, func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		if arrived++; arrived == streams {
			close(all)
		}
		mu.Unlock()
		<-all
		fine(w, q)
	})
	ceiling := probe.NewCeiling(1)
	tr := newTransport(t, Config{URL: u, HTTPVersion: option.H2C, StreamsPerConnection: streams, Connections: ceiling})
	results := make([]probe.Result, streams+1)
	for i := range streams {
		if i > 0 {
			eventually(t, func() bool { return tr.Reserve(&results[i]) })
		} else {
			require.True(t, tr.Reserve(&results[0]))
		}
		now := probe.Now()
		results[i].Reset(now, now.Add(patience))
		if i == streams-1 {
			assert.False(t, tr.Reserve(&results[streams]), "every stream is promised")
		}
		if i < streams-1 {
			go tr.Do(t.Context(), &results[i])
		}
	}
	tr.Do(t.Context(), &results[streams-1])
	require.NoError(t, results[streams-1].Err)
	eventually(t, func() bool { return inFlight(tr) == 0 })
	assert.Equal(t, 1, ceiling.Used())
	assert.Zero(t, tr.h2.State().Reserved)
}

func TestAConnectionUnderACeilingCostsNoAllocationInTheSteadyState(t *testing.T) {
	ceiling := probe.NewCeiling(2)
	for name, cfg := range map[string]Config{
		"HTTP/1.1": {URL: peers.Listen(t, peers.Answering(peers.OKAnswer)).URL("http")},
		"h2c":      {URL: peers.Listen(t, fastPeer(t)).URL("http"), HTTPVersion: option.H2C},
	} {
		cfg.Connections = ceiling
		tr := newTransport(t, cfg)
		var r probe.Result
		exchange := func() {
			if !reserved(tr, &r) || r.Err != nil {
				t.Fatal("the exchange failed:", r.Err)
			}
		}
		exchange()
		exchange()
		if n := testing.AllocsPerRun(200, exchange); n != 0 {
			t.Errorf("%s: %v allocations per request, want 0", name, n)
		}
	}
}

// TestNothingIsLeftOfAStorm has many transports of every version share few connections,
// with redirects and cancellation at random.
func TestNothingIsLeftOfAStorm(t *testing.T) {
	t.Parallel()
	const most = 3
	ceiling := probe.NewCeiling(most)
	var open sync.Map
	slow := func(w http.ResponseWriter, q *http.Request) {
		if rand.IntN(4) == 0 {
			timer := time.NewTimer(time.Duration(rand.IntN(3)) * time.Millisecond)
			<-timer.C
		}
		if rand.IntN(10) == 0 && q.ProtoMajor == 1 {
			w.Header().Set("Connection", "close")
		}
		fine(w, q)
	}
	transports := everyVersion(t, ceiling, slow)
	var storm sync.WaitGroup
	for name, tr := range transports {
		for range 3 {
			storm.Go(func() {
				var r probe.Result
				for range 40 {
					if rand.IntN(2) == 0 && !tr.Reserve(&r) {
						continue
					}
					if rand.IntN(10) == 0 {
						tr.Unreserve(&r)
					}
					ctx, cancel := context.WithCancel(t.Context())
					if rand.IntN(10) == 0 {
						time.AfterFunc(time.Duration(rand.IntN(2000))*time.Microsecond, cancel)
					}
					now := probe.Now()
					r.Reset(now, now.Add(patience))
					if rand.IntN(10) == 0 {
						r.Deadline = now.Add(time.Duration(rand.IntN(5)) * time.Millisecond)
					}
					tr.Do(ctx, &r)
					tr.Unreserve(&r)
					cancel()
					if r.Err == nil {
						open.Store(name, true)
					}
					if used := ceiling.Used(); used > most {
						t.Errorf("%d connections", used)
					}
					if rand.IntN(20) == 0 {
						tr.CloseIdle()
					}
				}
			})
		}
	}
	storm.Wait()
	for name, tr := range transports {
		_, served := open.Load(name)
		assert.True(t, served, "%s was served", name)
		tr.CloseIdle()
		eventually(t, func() bool { tr.CloseIdle(); return tr.Open() == 0 })
		if tr.h2 != nil {
			assert.Zero(t, tr.h2.State().Reserved)
		}
	}
	eventually(t, func() bool { return ceiling.Used() == 0 })
	assert.Zero(t, ceiling.IdleConnections())
	assert.Zero(t, ceiling.Waiting())
}

package prober

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// crowdedServer counts the connections that are open at once, and the requests.
type crowdedServer struct {
	*httptest.Server
	open, most, requests atomic.Int64
}

// newCrowdedServer serves h over the given version of HTTP, with TLS unless it is h2c.
func newCrowdedServer(t *testing.T, version config.HTTPVersion, h http.HandlerFunc) *crowdedServer {
	t.Helper()
	s := &crowdedServer{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.requests.Add(1)
		h(w, q)
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			now := s.open.Add(1)
			for most := s.most.Load(); now > most && !s.most.CompareAndSwap(most, now); most = s.most.Load() {
			}
		case http.StateClosed, http.StateHijacked:
			s.open.Add(-1)
		}
	}
	switch version {
	case config.H2C:
		s.Config.Protocols = new(http.Protocols)
		s.Config.Protocols.SetUnencryptedHTTP2(true)
		s.Start()
	case config.HTTP11:
		s.Start()
	default:
		s.EnableHTTP2 = version == config.HTTP2
		s.StartTLS()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *crowdedServer) target(t *testing.T, name string, version config.HTTPVersion, burst config.Burst) config.Target {
	t.Helper()
	u, err := url.Parse(s.URL + "/")
	require.NoError(t, err)
	cfg := testConfig(burst)
	cfg.Name, cfg.URL, cfg.Timeout = name, u, patience
	cfg.Connection.ConnectTimeout, cfg.Connection.TLSTimeout = patience, patience
	cfg.Connection.HTTPVersion = version
	cfg.Connection.TLS.InsecureSkipVerify = true
	return cfg
}

func limited(l Limits) Options {
	return Options{Log: slog.New(slog.DiscardHandler), Metrics: config.Metrics{Buckets: testBuckets}, Limits: l}
}

// managed returns a manager under the given ceilings, which holds nothing at the end.
func managed(t *testing.T, l Limits) *Manager {
	t.Helper()
	m := NewManager(limited(l))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		m.Shutdown(ctx)
		assertNothingHeld(t, m)
	})
	return m
}

func assertNothingHeld(t testing.TB, m *Manager) {
	t.Helper()
	assert.Zero(t, m.limiter.Holding())
}

func TestAClosedBurstSendsAllOverTheConnectionsThatThereMayBe(t *testing.T) {
	t.Parallel()
	for _, version := range []config.HTTPVersion{config.HTTPAuto, config.HTTP11, config.HTTP2, config.H2C} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			s := newCrowdedServer(t, version, ok)
			cfg := s.target(t, "crowd", version, config.Burst{Requests: 30, Concurrency: 10})
			cfg.Connection.StreamsPerConnection = 2
			shot, err := NewShot(limited(Limits{Connections: 3}), cfg, config.Network{})
			require.NoError(t, err)
			shot.Fire(t.Context(), t.Context())
			c := shot.entry.recorder.Snapshot(numbers.WithEverything)
			assertConserved(t, c)
			assert.EqualValues(t, 30, c.Scheduled)
			assert.EqualValues(t, 30, c.ByCode[errcode.OK].Count())
			assert.Zero(t, dropped(c))
			assert.EqualValues(t, 30, s.requests.Load())
			assert.LessOrEqual(t, s.most.Load(), int64(3))
			assert.LessOrEqual(t, c.Opened, uint64(3), "they stay warm")
			assert.Zero(t, shot.target.limiter.Holding())
		})
	}
}

func TestNoTargetStarvesForAConnectionThatLiesIdleAtAnother(t *testing.T) {
	t.Parallel()
	m := managed(t, Limits{Connections: 1})
	var targets []config.Target
	for i, version := range []config.HTTPVersion{config.HTTPAuto, config.HTTP11, config.HTTP2, config.H2C} {
		s := newCrowdedServer(t, version, ok)
		for k := range 2 {
			burst := config.Burst{Requests: 1, Concurrency: 1}
			if k == 1 {
				burst = config.Burst{Rate: 200, Requests: 2, Concurrency: 2}
			}
			cfg := s.target(t, fmt.Sprint(i, k), version, burst)
			cfg.Interval = 20 * time.Millisecond
			targets = append(targets, cfg)
		}
	}
	apply(t, m, targets...)
	for _, cfg := range targets {
		awaitRequests(t, m, cfg.Name, 3)
	}
	for _, cfg := range targets {
		c := tallyOf(m, cfg.Name)
		assertConserved(t, c)
		assert.Zero(t, dropped(c), cfg.Name)
	}
}

// TestNothingIsHeldAfterAStorm has many targets of every version, with open and closed
// bursts, redirects, tiny ceilings, reloads and requests that are cut off at the end.
func TestNothingIsHeldAfterAStorm(t *testing.T) {
	t.Parallel()
	const stormy = 12
	m := managed(t, Limits{Rate: 2000, InFlight: 5, Connections: 3})
	var servers []*crowdedServer
	homes := map[config.HTTPVersion]*crowdedServer{
		config.HTTP11: newCrowdedServer(t, config.HTTP11, ok),
		config.H2C:    newCrowdedServer(t, config.H2C, ok),
	}
	versions := []config.HTTPVersion{config.HTTPAuto, config.HTTP11, config.HTTP2, config.H2C}
	for _, version := range versions {
		servers = append(servers, newCrowdedServer(t, version, func(w http.ResponseWriter, q *http.Request) {
			if q.URL.Path == "/away" {
				http.Redirect(w, q, homes[version].URL, http.StatusTemporaryRedirect)
				return
			}
			if rand.IntN(20) == 0 {
				select {
				case <-q.Context().Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
			ok(w, q)
		}))
	}
	targets := func(seed int) (all []config.Target) {
		for i := range stormy {
			burst := config.Burst{Requests: 10, Concurrency: 1 + i%5}
			switch i % 3 {
			case 1:
				burst = config.Burst{Rate: 300, Requests: 10, Concurrency: 4}
			case 2:
				burst = config.Burst{Duration: 20 * time.Millisecond, Concurrency: 3}
			}
			v := i % len(versions)
			cfg := servers[v].target(t, fmt.Sprint(i), versions[v], burst)
			cfg.Interval, cfg.Timeout = time.Duration(20+seed*(i%2))*time.Millisecond, 50*time.Millisecond
			if cfg.URL.Scheme == "http" && i > len(versions) {
				cfg.URL.Path, cfg.Request.FollowRedirects = "/away", 2
			}
			all = append(all, cfg)
		}
		return all
	}
	for seed := range 3 {
		apply(t, m, targets(seed)...)
		for _, i := range []int{0, 1, 2, 3} {
			before := tallyOf(m, fmt.Sprint(i)).Bursts
			require.Eventually(t, func() bool { return tallyOf(m, fmt.Sprint(i)).Bursts > before+1 }, patience, time.Millisecond)
		}
		for i := range stormy {
			assertConserved(t, tallyOf(m, fmt.Sprint(i)))
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	m.Shutdown(ctx)
	assertNothingHeld(t, m)
}

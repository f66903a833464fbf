package prober

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
)

// newServerOf serves h over the given version of HTTP, with TLS unless it is h2c.
func newServerOf(t *testing.T, version option.HTTPVersion, h http.HandlerFunc) server {
	t.Helper()
	return server{peers.Serve(t, map[option.HTTPVersion]peers.Wire{
		option.AutoHTTP: peers.HTTP1TLS, option.OnlyHTTP11: peers.HTTP1, option.OnlyHTTP2: peers.HTTP2, option.H2C: peers.H2C,
		option.OnlyHTTP3: peers.HTTP3,
	}[version], h)}
}

// load returns a target for s.
func (s server) load(name string, version option.HTTPVersion, burst config.Burst) config.Target {
	cfg := testConfig(burst)
	cfg.Name, cfg.URL, cfg.Timeout = name, s.Root(), patience
	cfg.Connection.ConnectTimeout, cfg.Connection.TLSTimeout = patience, patience
	cfg.Connection.HTTPVersion = version
	cfg.Connection.TLS.InsecureSkipVerify = true
	return cfg
}

func limited(l Limits) Options {
	return Options{Log: slog.New(slog.DiscardHandler), Metrics: config.Metrics{Buckets: testBuckets}, Limits: l}
}

// managed returns a manager under the given ceilings. It checks that the manager holds
// nothing at the end.
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
	// A sender waits only for some time until its last connections are closed; a busy
	// machine may need longer.
	assert.Eventually(t, func() bool { return m.limiter.Holding() == load.Holding{} }, patience, time.Millisecond)
}

func TestAClosedBurstSendsAllOverTheConnectionsThatThereMayBe(t *testing.T) {
	t.Parallel()
	for _, version := range []option.HTTPVersion{option.AutoHTTP, option.OnlyHTTP11, option.OnlyHTTP2, option.H2C, option.OnlyHTTP3} {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			s := newServerOf(t, version, ok)
			cfg := s.load("crowd", version, config.Burst{Requests: 30, Concurrency: 10})
			cfg.Connection.StreamsPerConnection = 2
			shot, err := NewShot(limited(Limits{Connections: 3}), cfg, policy.Rules{})
			require.NoError(t, err)
			shot.Fire(t.Context(), t.Context())
			c := conserved(t, shot.entry.recorder)
			assert.EqualValues(t, 30, c.Scheduled)
			assert.EqualValues(t, 30, c.ByCode[errcode.OK].Count())
			assert.Zero(t, dropped(c))
			assert.EqualValues(t, 30, s.Requests())
			assert.LessOrEqual(t, s.MostConnections(), int64(3))
			assert.LessOrEqual(t, c.Opened, uint64(3), "they stay warm")
			assert.Zero(t, shot.target.limiter.Holding())
		})
	}
}

func TestNoTargetStarvesForAConnectionThatLiesIdleAtAnother(t *testing.T) {
	t.Parallel()
	m := managed(t, Limits{Connections: 1})
	var targets []config.Target
	for i, version := range []option.HTTPVersion{option.AutoHTTP, option.OnlyHTTP11, option.OnlyHTTP2, option.H2C, option.OnlyHTTP3} {
		s := newServerOf(t, version, ok)
		for k := range 2 {
			burst := config.Burst{Requests: 1, Concurrency: 1}
			if k == 1 {
				burst = config.Burst{Rate: 200, Requests: 2, Concurrency: 2}
			}
			cfg := s.load(fmt.Sprint(i, k), version, burst)
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
	var servers []server
	homes := map[option.HTTPVersion]server{
		option.OnlyHTTP11: newServerOf(t, option.OnlyHTTP11, ok),
		option.H2C:        newServerOf(t, option.H2C, ok),
	}
	versions := []option.HTTPVersion{option.AutoHTTP, option.OnlyHTTP11, option.OnlyHTTP2, option.H2C, option.OnlyHTTP3}
	for _, version := range versions {
		servers = append(servers, newServerOf(t, version, func(w http.ResponseWriter, q *http.Request) {
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
			cfg := servers[v].load(fmt.Sprint(i), versions[v], burst)
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

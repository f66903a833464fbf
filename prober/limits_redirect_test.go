package prober

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/numbers"
)

func TestEachHopTakesItsPartOfTheRate(t *testing.T) {
	t.Parallel()
	for _, version := range []option.HTTPVersion{option.OnlyHTTP11, option.H2C} {
		s := newServerOf(t, version, func(w http.ResponseWriter, q *http.Request) {
			var n int
			if _, err := fmt.Sscanf(q.URL.Path, "/%d", &n); err == nil && n < 4 {
				http.Redirect(w, q, fmt.Sprintf("/%d", n+1), http.StatusFound)
			}
		})
		cfg := s.load("chain", version, config.Burst{Requests: 2, Concurrency: 1})
		cfg.URL.Path, cfg.Request.FollowRedirects = "/1", 10
		shot, err := NewShot(limited(Limits{Rate: 6, RateSpan: time.Hour, InFlight: 1}), cfg, policy.Rules{})
		require.NoError(t, err)
		l := shot.target.limiter
		requests, cancel := context.WithCancel(t.Context())
		fired := make(chan struct{})
		go func() {
			defer close(fired)
			shot.Fire(t.Context(), requests)
		}()
		require.Eventually(t, func() bool { return l.Holding().Hops == 1 }, patience, time.Millisecond)
		cancel()
		<-fired
		assert.EqualValues(t, 6, s.Requests(), "four of the first chain, two of the second")
		c := shot.entry.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, c)
		assert.EqualValues(t, 1, c.ByCode[errcode.OK].Count())
		require.Contains(t, c.ByCode, errcode.Cancelled)
		assert.Zero(t, dropped(c))
		assert.EqualValues(t, 5, responses(c, 302, map[option.HTTPVersion]string{option.OnlyHTTP11: "1.1", option.H2C: "2"}[version]))
		assert.Zero(t, l.Holding())
	}
}

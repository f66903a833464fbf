package pace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/bench/rig"
)

func TestLateness(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	load := rig.Load{Rate: 100, Duration: 50 * ms}
	for name, c := range map[string]struct {
		arrivals []time.Duration
		want     lateness
	}{
		"a client on the grid is not late": {
			[]time.Duration{0, 10 * ms, 20 * ms, 30 * ms, 40 * ms},
			lateness{achieved: 1, fired: 1},
		},
		"a first request that is late makes the others early, not this one on time": {
			[]time.Duration{0, 8 * ms, 18 * ms, 28 * ms, 38 * ms},
			lateness{achieved: 4 / 0.038 / 100, fired: 1, lag: rig.Quantiles{P50: 0, P90: 2 * ms, P99: 2 * ms, P999: 2 * ms, Max: 2 * ms}},
		},
		"half the rate lags further and further behind": {
			[]time.Duration{0, 20 * ms, 40 * ms},
			lateness{achieved: 0.5, fired: 0.6, lag: rig.Quantiles{P50: 10 * ms, P90: 20 * ms, P99: 20 * ms, P999: 20 * ms, Max: 20 * ms}},
		},
		"one request says nothing": {[]time.Duration{0}, lateness{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := latenessOf(c.arrivals, load)
			assert.InDelta(t, c.want.achieved, got.achieved, 1e-9)
			assert.InDelta(t, c.want.fired, got.fired, 1e-9)
			assert.Equal(t, c.want.lag, got.lag)
		})
	}
}

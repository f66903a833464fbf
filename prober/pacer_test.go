package prober

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
)

func TestPacer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		burst config.Burst
		n     int64
		due   map[int64]time.Duration
	}{
		"a number of requests": {
			config.Burst{Rate: 10, Requests: 3}, 3,
			map[int64]time.Duration{0: 0, 1: 100 * time.Millisecond, 2: 200 * time.Millisecond},
		},
		"a duration excludes its own end": {
			config.Burst{Rate: 10, Duration: time.Second}, 10,
			map[int64]time.Duration{9: 900 * time.Millisecond},
		},
		"whichever of the two ends first: the number": {
			config.Burst{Rate: 10, Requests: 4, Duration: time.Second}, 4, nil,
		},
		"whichever of the two ends first: the duration": {
			config.Burst{Rate: 10, Requests: 400, Duration: time.Second}, 10, nil,
		},
		"a rate that does not divide a second": {
			config.Burst{Rate: 3, Requests: 4}, 4,
			map[int64]time.Duration{1: 333333333, 2: 666666667, 3: time.Second},
		},
		"less than one a second": {
			config.Burst{Rate: 0.5, Duration: 10 * time.Second}, 5,
			map[int64]time.Duration{1: 2 * time.Second, 4: 8 * time.Second},
		},
		"a duration shorter than the first gap": {
			config.Burst{Rate: 1, Duration: time.Millisecond}, 1, map[int64]time.Duration{0: 0},
		},
		"fast": {
			config.Burst{Rate: 20000, Duration: 10 * time.Second}, 200000,
			map[int64]time.Duration{1: 50 * time.Microsecond, 199999: 9999950 * time.Microsecond},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPacer(tt.burst)
			assert.Equal(t, tt.n, p.n)
			for k, due := range tt.due {
				assert.Equal(t, due, p.due(k), "arrival %d", k)
			}
		})
	}
}

func TestArrivalsDueByATimeAreThoseDueNoLater(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.1, 1, 3, 7, 99.9, 1000.0 / 3, 12345.678} {
		p := newPacer(config.Burst{Rate: rate, Requests: 300})
		assert.Zero(t, p.dueBy(-1))
		for k := range p.n {
			assert.Equal(t, k+1, p.dueBy(p.due(k)), "at the moment arrival %d is due at rate %g", k, rate)
			if k > 0 {
				assert.Equal(t, k, p.dueBy(p.due(k)-1), "just before arrival %d at rate %g", k, rate)
			}
		}
		assert.Equal(t, p.n, p.dueBy(1000*time.Hour))
	}
}

package load

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dues lists when all arrivals of a plan are due, by k.
func dues(p *Pacer) map[int64]time.Duration {
	all := map[int64]time.Duration{}
	for c := p.first(); !p.done(&c); p.next(&c) {
		all[c.k] = c.at
	}
	return all
}

func TestPacer(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	tests := map[string]struct {
		burst Burst
		n     int
		due   map[int64]time.Duration
	}{
		"a number of requests": {
			Burst{Rate: 10, Requests: 3}, 3,
			map[int64]time.Duration{0: 0, 1: 100 * ms, 2: 200 * ms},
		},
		"a duration excludes its own end": {
			Burst{Rate: 10, Duration: time.Second}, 10,
			map[int64]time.Duration{9: 900 * ms},
		},
		"whichever of the two ends first: the number": {
			Burst{Rate: 10, Requests: 4, Duration: time.Second}, 4, nil,
		},
		"whichever of the two ends first: the duration": {
			Burst{Rate: 10, Requests: 400, Duration: time.Second}, 10, nil,
		},
		"a rate that does not divide a second": {
			Burst{Rate: 3, Requests: 4}, 4,
			map[int64]time.Duration{1: 333333333, 2: 666666667, 3: time.Second},
		},
		"less than one a second": {
			Burst{Rate: 0.5, Duration: 10 * time.Second}, 5,
			map[int64]time.Duration{1: 2 * time.Second, 4: 8 * time.Second},
		},
		"a duration shorter than the first gap": {
			Burst{Rate: 1, Duration: ms}, 1, map[int64]time.Duration{0: 0},
		},
		"fast": {
			Burst{Rate: 20000, Duration: 10 * time.Second}, 200000,
			map[int64]time.Duration{1: 50 * time.Microsecond, 199999: 9999950 * time.Microsecond},
		},
		"a ramp from 0": { // x = 5t²
			Burst{Stages: []Stage{{Duration: 10 * time.Second, Rate: 100}}}, 500,
			map[int64]time.Duration{0: 0, 5: time.Second, 20: 2 * time.Second, 125: 5 * time.Second, 320: 8 * time.Second},
		},
		"a ramp, a plateau and a ramp down": {
			Burst{Stages: []Stage{{Duration: 2 * time.Second, Rate: 10}, {Duration: 2 * time.Second, Rate: 10}, {Duration: 2 * time.Second, Rate: 0}}}, 40,
			map[int64]time.Duration{10: 2 * time.Second, 20: 3 * time.Second, 30: 4 * time.Second},
		},
		"a stage without duration jumps to its rate": {
			Burst{Stages: []Stage{{Duration: 0, Rate: 10}, {Duration: time.Second, Rate: 10}}}, 10,
			map[int64]time.Duration{0: 0, 1: 100 * ms},
		},
		"a pause between two stages": {
			Burst{Stages: []Stage{{Rate: 10}, {Duration: time.Second, Rate: 10}, {Rate: 0}, {Duration: time.Second, Rate: 0}, {Rate: 10}, {Duration: time.Second, Rate: 10}}}, 20,
			map[int64]time.Duration{9: 900 * ms, 10: 2 * time.Second, 11: 2100 * ms},
		},
		"stages that a duration ends": { // x = 5t²
			Burst{Duration: 2 * time.Second, Stages: []Stage{{Duration: 10 * time.Second, Rate: 100}}}, 20, nil,
		},
		"a jump that a duration leaves out": {
			Burst{Duration: time.Second, Stages: []Stage{{Rate: 10}, {Duration: time.Second, Rate: 10}, {Rate: 1000}, {Duration: time.Second, Rate: 1000}}}, 10, nil,
		},
		"less than a whole arrival at the end": {
			Burst{Stages: []Stage{{Rate: 10}, {Duration: 1050 * time.Millisecond, Rate: 10}}}, 11, nil,
		},
		"stages that a number of requests ends": {
			Burst{Requests: 7, Stages: []Stage{{Rate: 10}, {Duration: time.Minute, Rate: 10}}}, 7, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := NewPacer(&tt.burst, "checkout", 0, Whole())
			all := dues(p)
			assert.Len(t, all, tt.n)
			assert.InDelta(t, tt.n, p.Mean(), 1e-9, "it counts what comes")
			for k, due := range tt.due {
				assert.InDelta(t, due, all[k], 1, "arrival %d", k)
			}
		})
	}
}

func TestArrivalsOfAStageAreItsAreaToWithinOne(t *testing.T) {
	t.Parallel()
	stages := []Stage{
		{Duration: 3 * time.Second, Rate: 77}, {Duration: 1500 * time.Millisecond, Rate: 13.7},
		{Duration: 10 * time.Second, Rate: 1234.5}, {Duration: time.Second, Rate: 1234.5}, {Duration: 7 * time.Second, Rate: 0.3},
	}
	p := NewPacer(&Burst{Stages: stages}, "checkout", 0, Whole())
	all := dues(p)
	start, rate := time.Duration(0), 0.0
	for i, s := range stages {
		n := 0
		for _, due := range all {
			if start <= due && due < start+s.Duration {
				n++
			}
		}
		assert.InDelta(t, (rate+s.Rate)/2*s.Duration.Seconds(), n, 1, "stage %d", i)
		start += s.Duration
		rate = s.Rate
	}
}

func TestPoissonArrivals(t *testing.T) {
	t.Parallel()
	burst := Burst{Rate: 1000, Duration: 20 * time.Second, Poisson: true}
	p := NewPacer(&burst, "checkout", 7, Whole())
	var gaps, squares, n float64
	last := time.Duration(0)
	for c := p.first(); !p.done(&c); p.next(&c) {
		gap := (c.at - last).Seconds()
		last = c.at
		gaps += gap
		squares += gap * gap
		n++
	}
	assert.InEpsilon(t, 20000, n, 0.03, "the rate on average")
	mean := gaps / n
	assert.InEpsilon(t, mean, math.Sqrt(squares/n-mean*mean), 0.05, "exponential gaps vary as much as they last")

	assert.Equal(t, dues(p), dues(NewPacer(&burst, "checkout", 7, Whole())), "replicas and repetitions agree")
	assert.NotEqual(t, dues(p), dues(NewPacer(&burst, "checkout", 8, Whole())), "another slot is another sequence")
	assert.NotEqual(t, dues(p), dues(NewPacer(&burst, "search", 7, Whole())), "and so is another target")
}

func TestPoissonArrivalsFollowARamp(t *testing.T) {
	t.Parallel()
	p := NewPacer(&Burst{Poisson: true, Stages: []Stage{{Duration: 20 * time.Second, Rate: 2000}}}, "checkout", 1, Whole())
	half := 0
	all := dues(p)
	for _, due := range all {
		if due < 10*time.Second {
			half++
		}
	}
	assert.InEpsilon(t, 20000, len(all), 0.03)
	assert.InEpsilon(t, len(all)/4, half, 0.05, "a quarter of the area lies in the first half")
}

func TestShardsOfABurstAreTogetherTheWhole(t *testing.T) {
	t.Parallel()
	for name, burst := range map[string]Burst{
		"constant": {Rate: 333, Requests: 1001},
		"few":      {Rate: 1, Requests: 3},
		"poisson":  {Rate: 500, Duration: 3 * time.Second, Poisson: true},
		"stages":   {Stages: []Stage{{Duration: time.Second, Rate: 500}, {Duration: 2 * time.Second, Rate: 20}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := dues(NewPacer(&burst, "checkout", 3, Whole()))
			for _, total := range []int64{1, 2, 3, 5, 7, 16, 63, 64} {
				union := map[int64]time.Duration{}
				for ordinal := range total {
					for k, due := range dues(NewPacer(&burst, "checkout", 3, Part{ordinal: ordinal, total: total})) {
						require.NotContains(t, union, k, "arrival %d of %d shards", k, total)
						union[k] = due
					}
				}
				require.Equal(t, want, union, "%d shards", total)
			}
		})
	}
}

package numbers

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/prober/load"
)

func TestATotalIsExactBeyondWhatADurationHolds(t *testing.T) {
	t.Parallel()
	var sum totalTime
	want, before := new(big.Int), sum
	added := func(d time.Duration) {
		sum.add(d)
		want.Add(want, big.NewInt(int64(d)))
	}
	last := -1.0
	for i := range 1000 {
		if i == 500 {
			before = sum
		}
		added(math.MaxInt64 - time.Duration(i)*time.Hour)
		added(1)
		assert.Greater(t, sum.seconds(), last)
		last = sum.seconds()
	}
	got := new(big.Int).SetUint64(sum.high)
	got.Lsh(got, 64).Add(got, new(big.Int).SetUint64(sum.low))
	assert.Equal(t, want.String(), got.String())

	mean := new(big.Int).Div(want, big.NewInt(2000))
	assert.Equal(t, mean.Int64(), int64(sum.mean(2000)))
	seconds, _ := new(big.Rat).SetFrac(want, big.NewInt(1e9)).Float64()
	assert.InEpsilon(t, seconds, sum.seconds(), 1e-15)

	rest := sum.since(before)
	assert.Greater(t, rest.seconds(), 499*time.Duration(math.MaxInt64).Seconds())
	before.merge(rest)
	assert.Equal(t, sum, before)
	assert.Zero(t, new(totalTime).mean(0))
}

// With 10,000 journeys that think, a sum passes what a Duration holds within eleven days.
func TestATotalBeyondADurationIsTheLongestDuration(t *testing.T) {
	t.Parallel()
	var sum totalTime
	for n := uint64(1); n <= 5; n++ {
		sum.add(math.MaxInt64)
		assert.EqualValues(t, math.MaxInt64, sum.duration(), n)
		assert.EqualValues(t, math.MaxInt64, sum.mean(n))
		assert.EqualValues(t, math.MaxInt64, sum.mean(max(n-1, 1)), "as where counts and sums do not belong together")
	}
}

func TestATotalWithinADurationIsThatDurationInSeconds(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, 1, 999_999_999, time.Second, 39*time.Millisecond + 1, 100 * 365 * 24 * time.Hour, math.MaxInt64} {
		var sum totalTime
		sum.add(d)
		assert.Equal(t, d.Seconds(), sum.seconds())
		assert.Equal(t, d, sum.duration())
	}
}

// TestASumNeverTurnsNegative checks all uses of the sums: the exposition, the report of
// fire, the means of a burst.
func TestASumNeverTurnsNegative(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"login"}, true)
	century := 100 * 365 * 24 * time.Hour
	for range 2 { // bursts
		r.StartBurst(nil)
		for range 5 {
			r.Begin(0)
			r.End(ended(century, nil), 0)
			r.EndJourney(Journey{Took: century, Thought: century, Busy: 2 * century})
			r.times.Phases[1].observe(r.bounds, century)
			r.times.Lag.observe(lagBounds, century)
			r.times.BurstDuration.observe(burstBounds, century)
		}
		r.EndBurst(century, load.DropShutdown)
	}
	const years = 365 * 24 * 3600
	c := r.Snapshot(WithEverything)
	assert.InEpsilon(t, float64(1000*years), sampled(c.ByCode[0], r.bounds).GetSampleSum(), 1e-12)
	assert.InEpsilon(t, float64(1000*years), sampled(&c.Phases[1], r.bounds).GetSampleSum(), 1e-12)
	assert.InEpsilon(t, float64(1200*years), sampled(&c.BurstDuration, burstBounds).GetSampleSum(), 1e-12)
	var lag Histogram
	lag.Merge(&c.Lag)
	lag.Merge(&c.Lag)
	assert.InEpsilon(t, float64(2000*years), sampled(&lag, lagBounds).GetSampleSum(), 1e-12)
	assert.Equal(t, century, latencyOf(c.ByCode).Mean)
	assert.Equal(t, []PhaseTime{{1, 10, century, century}}, c.phaseTimes())
	assert.EqualValues(t, math.MaxInt64, c.Journey.Durations[JourneySuccess].Sum())
	assert.EqualValues(t, math.MaxInt64, c.Journey.Thought)
	assert.InEpsilon(t, float64(1000*years), c.Journey.ThoughtSeconds, 1e-12)
	assert.Equal(t, century, c.Journey.ThoughtMean)
	b := r.history.latest()
	assert.InEpsilon(t, century, b.Phases[1], 1e-6)
	assert.InEpsilon(t, century, b.Lag, 1e-6)
}

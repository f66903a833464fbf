package load

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// crowd tries to start requests at random moments, in lulls and crowds, and returns the
// admitted moments.
func crowd(w *window, rate float64) (admitted []probe.Instant) {
	random := rand.New(rand.NewPCG(1, math.Float64bits(rate)))
	now := probe.Instant(1)
	for range 20000 {
		// Mostly next to nothing passes between two tries.
		step := random.ExpFloat64() / rate / 10
		if random.IntN(100) == 0 {
			step = 3 * random.Float64()
		}
		now = now.Add(time.Duration(step * float64(time.Second)))
		if w.wait(now) == 0 {
			w.note(now)
			admitted = append(admitted, now)
		}
	}
	return admitted
}

func TestWindowNeverAdmitsMoreThanItsRateInAnySecond(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.1, 0.3, 0.999, 1, 1.5, 1.999, 2, 2.5, 2.9, 7, 99.99, 100, 1234} {
		admitted := crowd(newWindow(rate, time.Second), rate)
		unit := max(1, 1/rate) // seconds: one request below a rate of 1
		for _, units := range []float64{1, 2, 3, 10, 60} {
			span := time.Duration(units * unit * float64(time.Second))
			most := math.Nextafter(rate*units*unit, math.Inf(1))
			for first, last := 0, 0; last < len(admitted); last++ {
				for admitted[last].Sub(admitted[first]) >= span {
					first++
				}
				require.LessOrEqual(t, float64(last-first+1), most, "rate %g in %s", rate, span)
			}
		}
		require.Greater(t, float64(len(admitted)), rate, "rate %g", rate)
	}
}

func TestAFractionOfARateIsNeverExceeded(t *testing.T) {
	t.Parallel()
	w := newWindow(2.9, time.Second)
	second, ten := 0, 0
	for at := probe.Instant(1); at < probe.Instant(10*time.Second); at = at.Add(10 * time.Millisecond) {
		if w.wait(at) > 0 {
			continue
		}
		w.note(at)
		ten++
		if at < probe.Instant(time.Second) {
			second++
		}
	}
	assert.Equal(t, 2, second)
	assert.Equal(t, 20, ten)
}

func TestAnImmenseRateTakesNoImmenseMemory(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{maxStarts, maxStarts + 1, 1e6, 1e9, 1e12, 1e300} {
		w := newWindow(rate, time.Second)
		assert.LessOrEqual(t, len(w.starts), maxStarts)
		perSecond := float64(len(w.starts)) / w.length.Seconds()
		assert.LessOrEqual(t, perSecond, rate)
		if rate <= 1e9 {
			assert.Greater(t, perSecond, 0.9*rate)
		}
	}
	for _, none := range []float64{0, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		assert.Nil(t, newWindow(none, time.Second))
	}
	assert.Positive(t, newWindow(math.SmallestNonzeroFloat64, time.Second).length)
}

func TestWindowSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	w := newWindow(2, time.Second)
	take := func(at time.Duration) time.Duration {
		wait := w.wait(probe.Instant(at))
		if wait == 0 {
			w.note(probe.Instant(at))
		}
		return wait
	}
	assert.Zero(t, take(1))
	assert.Zero(t, take(100*time.Millisecond))
	wait := take(400 * time.Millisecond)
	assert.InDelta(t, 600*time.Millisecond, wait, 1)
	assert.Zero(t, take(400*time.Millisecond+wait))
	assert.Zero(t, newWindow(0, time.Second).wait(1), "no ceiling")
}

func TestWhatIsUsedOfARateIsInRequestsPerSecond(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rate  float64
		start int
		used  float64
	}{
		{rate: 0.25, start: 1, used: 0.25},
		{rate: 2.9, start: 2, used: 2},
		{rate: 100, start: 40, used: 40},
		{rate: 200_000, start: 50_000, used: 200_000},
	} {
		w := newWindow(tt.rate, time.Second)
		assert.Zero(t, w.used(1))
		for range tt.start {
			w.note(1)
		}
		assert.InDelta(t, tt.used, w.used(1), tt.used/1000)
		assert.LessOrEqual(t, w.used(1), tt.rate)
		assert.Zero(t, w.used(probe.Instant(1).Add(w.length)))
	}
}

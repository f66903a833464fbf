package numbers

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// TestEveryRowOfAReportHoldsWhatTookAsLongAsItSays compares the rows of fire with the
// latencies themselves.
func TestEveryRowOfAReportHoldsWhatTookAsLongAsItSays(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	within := func(low, high time.Duration) (all []time.Duration) {
		for range 500 {
			all = append(all, time.Duration(float64(low)*math.Pow(float64(high)/float64(low), random.Float64())))
		}
		return all
	}
	for name, latencies := range map[string][]time.Duration{
		"none":                         nil,
		"one":                          {461 * time.Millisecond},
		"two":                          {461 * time.Millisecond, 448 * time.Millisecond},
		"powers of two":                {time.Second / 4, time.Second / 2, time.Second},
		"nothing and as good as that":  {0, 1, 2},
		"nothing only":                 {0},
		"hardly different":             within(400*time.Millisecond, 500*time.Millisecond),
		"usual":                        within(time.Millisecond, time.Second),
		"in more buckets than allowed": within(time.Microsecond, time.Hour),
		"all there are":                {0, 1, time.Microsecond, time.Second, time.Hour, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRecorder()
			for _, d := range latencies {
				r.requests[0].byCode[errcode.OK].observe(r.bounds, d)
			}
			l := latencyOf(r.requests[0].byCode)
			assertHeld(t, latencies, l.Buckets)
			assertHeld(t, latencies, l.Rows)
			assert.LessOrEqual(t, len(l.Rows), MostRows)
			for i, b := range l.Rows {
				if i > 0 && l.Rows[i-1].Upper > 0 {
					assert.Equal(t, l.Rows[i-1].Upper, b.Lower)
				}
			}
			assert.LessOrEqual(t, l.P999, l.Max)
		})
	}
}

// assertHeld checks that each bucket counts the durations between its bounds, and that
// all buckets together count all.
func assertHeld(t *testing.T, durations []time.Duration, buckets []Bucket) {
	t.Helper()
	all := uint64(0)
	for _, b := range buckets {
		within := uint64(0)
		for _, d := range durations {
			if d > b.Lower && d <= b.Upper || d == 0 && b.Upper == 0 {
				within++
			}
		}
		assert.Equal(t, within, b.Count, "above %s up to %s", b.Lower, b.Upper)
		all += b.Count
	}
	assert.EqualValues(t, len(durations), all)
}

func TestAllDistributionsHaveTheBoundsOfOneGrid(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	grid := map[time.Duration]bool{}
	for i := -40 << usualSchema; i <= 40<<usualSchema; i++ {
		grid[boundOf(i, usualSchema)] = true
	}
	for d := time.Duration(1000); d < time.Hour; d += d / 10 {
		r.requests[0].byCode[errcode.OK].observe(r.bounds, d)
	}
	l := latencyOf(r.requests[0].byCode)
	for _, b := range slices.Concat(l.Buckets, l.Rows) {
		assert.True(t, grid[b.Lower] && grid[b.Upper], "%s to %s", b.Lower, b.Upper)
	}
	for i := range latencyBuckets + 1 {
		assert.True(t, grid[bucketStart(i)], bucketStart(i))
	}
	for row := range LatencyRows + 1 {
		assert.True(t, grid[LatencyRow(row)], LatencyRow(row))
	}
}

func TestTheRateOfAShotIsOfStartsInWhateverOrderTheyEnd(t *testing.T) {
	t.Parallel()
	var s starts
	assert.Zero(t, s.rate())
	at := probe.Instant(-time.Minute) // before the epoch, as good as any
	for _, hundredths := range []probe.Instant{2, 0, 1, 4, 3} {
		s.note(at + hundredths*probe.Instant(10*time.Millisecond))
	}
	assert.InDelta(t, 100, s.rate(), 1e-9)
}

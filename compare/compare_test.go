package compare

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// simulation returns how often a world is compared, and how many more verdicts may be wrong with so
// few runs. The seeds are the same each time, and so are the verdicts. The race detector makes each
// comparison ten times as slow and finds nothing in it, so it sees few.
func simulation() (runs, spare int) {
	if rig.IsRaceDetected() {
		return 20, 2
	}
	return 200, 0
}

func TestTwoThatAreTheSameAreRarelyTakenForDifferent(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]world{
		"log-normal":                          {3000, true, independent(usual, unchanged)},
		"log-normal, fired one after another": {3000, false, independent(usual, unchanged)},
		"few requests":                        {300, true, independent(usual, unchanged)},
		"a heavy tail":                        {3000, true, independent(pareto, unchanged)},
		"two peaks":                           {3000, true, independent(twoPeaks, unchanged)},
		"failures where the p99 is":           {3000, true, failing(0.01, 0.01)},
		"many failures":                       {3000, false, failing(0.3, 0.3)},
		"stalls that hit both sides":          {3000, true, stalls(20, 20, true)},
		"few long stalls that hit one side":   {3000, true, stalls(3, 60, false)},
		"stalls of bursts that are apart":     {3000, false, stalls(20, 20, false)},
		"a level that drifts for both":        {3000, true, drifting(0.99, true)},
		"a level that drifts, apart":          {3000, false, drifting(0.99, false)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs, spare := simulation()
			alarms := 0
			for seed := range uint64(runs) {
				if v := w.run(seed).Verdict; v == Worse || v == Better {
					alarms++
				}
			}
			t.Logf("%d false alarms in %d", alarms, runs)
			assert.LessOrEqual(t, alarms, runs/20+spare)
		})
	}
}

func TestADifferenceIsFound(t *testing.T) {
	t.Parallel()
	p99 := func(r *Result) Verdict { return r.Rows[2].Verdict }
	for name, c := range map[string]struct {
		world
		verdict func(r *Result) Verdict
		want    Verdict
	}{
		"a p99 that is a fifth higher, as all is":     {world{3000, true, independent(usual, byFifth)}, p99, Worse},
		"the same of bursts that are apart":           {world{3000, false, independent(usual, byFifth)}, p99, Worse},
		"a p99 that is a fifth higher, as is no p50":  {world{3000, true, independent(usual, tailByFifth)}, p99, Worse},
		"a p99 that is a fifth lower":                 {world{3000, true, swapped(independent(usual, byFifth))}, p99, Better},
		"requests that fail, and fast":                {world{3000, true, failing(0, 0.05)}, func(r *Result) Verdict { return r.Verdict }, Worse},
		"a fifth more in spite of stalls of both":     {world{3000, true, shifted(stalls(20, 20, true))}, func(r *Result) Verdict { return r.Verdict }, Worse},
		"no difference, with enough requests to know": {world{20000, false, independent(usual, unchanged)}, func(r *Result) Verdict { return r.Verdict }, Same},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := 0
			all, spare := simulation()
			if c.n > 3000 {
				all = min(all, 50)
			}
			for seed := range uint64(all) {
				if c.verdict(c.run(seed)) == c.want {
					found++
				}
			}
			t.Logf("found in %d of %d", found, all)
			assert.GreaterOrEqual(t, found, all*9/10-spare)
		})
	}
}

// sampleOf returns a sample of one slice, with each latency so many times.
func sampleOf(failed uint64, latencies map[time.Duration]uint64) *Sample {
	s := &Sample{Slices: []Slice{{Failed: failed, Counts: map[int]uint64{}}}}
	for d, n := range latencies {
		s.Slices[0].Counts[bucketOf(d)] += n
	}
	return s
}

func verdicts(r *Result) (all []Verdict) {
	for _, row := range r.Rows {
		all = append(all, row.Verdict)
	}
	return all
}

func TestWhoFailsFastDoesNotLookBetter(t *testing.T) {
	t.Parallel()
	old := sampleOf(0, map[time.Duration]uint64{100 * time.Millisecond: 5000})
	add := sampleOf(3000, map[time.Duration]uint64{100 * time.Millisecond: 2000})
	r := Compare(old, add, Options{Margin: DefaultMargin})
	assert.Equal(t, []Verdict{Worse, Worse, Worse, Worse}, verdicts(r))
	assert.True(t, math.IsInf(r.Rows[0].New, 1))
	assert.True(t, math.IsInf(r.Rows[0].Change, 1))
	assert.InDelta(t, 0.6, r.Rows[3].Change, 1e-9)

	r = Compare(add, old, Options{Margin: DefaultMargin})
	assert.Equal(t, Better, r.Verdict)
	assert.InDelta(t, -1, r.Rows[0].Change, 1e-9)
}

func TestAQuantileThatBothSidesFailAtSaysNothing(t *testing.T) {
	t.Parallel()
	one := sampleOf(300, map[time.Duration]uint64{100 * time.Millisecond: 9700})
	r := Compare(one, one, Options{Margin: DefaultMargin})
	assert.Equal(t, []Verdict{Same, Same, CannotTell, Same}, verdicts(r))
	assert.True(t, math.IsNaN(r.Rows[2].Change))
	assert.Equal(t, Same, r.Verdict, "the failures are")
}

func TestAChangeThatIsTooSmallToMatterIsTheSame(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) *Sample { return sampleOf(0, map[time.Duration]uint64{d: 5000}) }
	for name, c := range map[string]struct {
		old, add, least time.Duration
		want            Verdict
	}{
		"a median that wanders":               {200 * time.Microsecond, 300 * time.Microsecond, time.Millisecond, Same},
		"the same the other way":              {300 * time.Microsecond, 200 * time.Microsecond, time.Millisecond, Same},
		"five times as fast, by less":         {1050 * time.Microsecond, 200 * time.Microsecond, time.Millisecond, Same},
		"looked at more closely":              {200 * time.Microsecond, 300 * time.Microsecond, 50 * time.Microsecond, Worse},
		"without a least change":              {200 * time.Microsecond, 300 * time.Microsecond, 0, Worse},
		"a fast server that has become slow":  {200 * time.Microsecond, 2 * time.Millisecond, time.Millisecond, Worse},
		"a slow server that has become fast":  {2 * time.Millisecond, 200 * time.Microsecond, time.Millisecond, Better},
		"a fifth of what is far above it":     {50 * time.Millisecond, 60 * time.Millisecond, time.Millisecond, Worse},
		"a change within the margin above it": {50 * time.Millisecond, 53 * time.Millisecond, time.Millisecond, Same},
	} {
		r := Compare(at(c.old), at(c.add), Options{Margin: DefaultMargin, MinChange: c.least})
		assert.Equal(t, c.want, r.Verdict, "%s: %+v", name, r.Rows)
	}
	failing := Compare(at(time.Millisecond), sampleOf(3000, map[time.Duration]uint64{time.Millisecond: 2000}), Options{MinChange: time.Hour})
	assert.Equal(t, Worse, failing.Verdict, "what fails is slower by more than any change")
}

func TestTooFewRequestsCannotTell(t *testing.T) {
	t.Parallel()
	few := sampleOf(0, map[time.Duration]uint64{10 * time.Millisecond: 10, 12 * time.Millisecond: 10})
	for name, c := range map[string]struct{ old, add *Sample }{
		"few on both sides": {few, few}, "one on each": {sampleOf(0, map[time.Duration]uint64{time.Second: 1}), sampleOf(0, map[time.Duration]uint64{1: 1})},
		"none before": {new(Sample), few}, "none now": {few, new(Sample)}, "none": {new(Sample), new(Sample)},
	} {
		r := Compare(c.old, c.add, Options{Margin: DefaultMargin})
		assert.Equal(t, CannotTell, r.Verdict, name)
		if r.Old*r.New > 1 {
			assert.Greater(t, r.Needed, uint64(1000), name)
		}
		for _, row := range r.Rows {
			assert.False(t, row.Low > 0 || row.High < 0, "%s: %+v", name, row)
		}
	}
}

func TestTheNumberOfRequestsThatWouldTellDoes(t *testing.T) {
	t.Parallel()
	w := world{3000, true, independent(usual, unchanged)}
	told := 0
	for seed := range uint64(20) {
		if r := w.run(seed); r.Verdict == CannotTell {
			more := w
			more.n = int(r.Needed)
			if more.run(seed+1000).Verdict != CannotTell {
				told++
			}
		} else {
			told++
		}
	}
	assert.GreaterOrEqual(t, told, 14)
}

func TestTheSameSamplesGiveTheSameResult(t *testing.T) {
	t.Parallel()
	w := world{1000, false, stalls(5, 20, false)}
	once, twice := w.run(7), w.run(7)
	assert.Equal(t, once, twice)
}

func TestAnIntervalIsAsWideAsTheOrderStatisticsSay(t *testing.T) {
	t.Parallel()
	var s Sample
	s.Slices = make([]Slice, 1)
	for i := range 1000 { // the rank is the logarithm
		s.Slices[0].Add(time.Duration(math.Exp2(float64(i)/perOctave) * float64(time.Microsecond)))
	}
	d := distributionOf(&s)
	low, high := d.around(0.5, 1.96, 1) // ranks 469 to 531
	scale := math.Ln2 / perOctave
	assert.InDelta(t, 62*scale, high-low, 1.5*scale)
	low, high = d.around(0.99, 4, 1)
	assert.False(t, math.IsInf(low, 0))
	assert.True(t, math.IsInf(high, 1), "beyond the last")
}

func TestCriticalValuesAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ level, freedom, want float64 }{
		{0.05, math.Inf(1), 1.95996}, {0.01, math.Inf(1), 2.57583}, {0.05, 10, 2.22814}, {0.01, 31, 2.74404}, {0.05, 7, 2.36462},
	} {
		assert.InDelta(t, c.want, critical(c.level, c.freedom), 1e-4)
		assert.InDelta(t, c.level, chance(c.want, c.freedom), 1e-5)
	}
	low, high := wilson(0, 100, 1.96)
	assert.Zero(t, low)
	assert.InDelta(t, 0.037, high, 1e-3)
}

func TestRowsHaveNames(t *testing.T) {
	t.Parallel()
	r := Compare(sampleOf(0, map[time.Duration]uint64{1: 1}), sampleOf(0, map[time.Duration]uint64{1: 1}), Options{Margin: DefaultMargin})
	var names []string
	for _, row := range r.Rows {
		names = append(names, row.Name())
	}
	assert.Equal(t, []string{"p50", "p90", "p99", "error_rate"}, names)
	assert.Equal(t, "p99.9", NameOf(0.999))
	require.Len(t, weights(), len(names))
}

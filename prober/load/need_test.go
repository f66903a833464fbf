package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/prober/probe"
)

const answer = 400 * time.Millisecond

// learned returns the estimate for concurrency after the given answers.
func learned(concurrency int, answers ...time.Duration) time.Duration {
	var n Need
	n.Fit(concurrency)
	for _, took := range answers {
		n.Note(took)
	}
	return n.Estimate()
}

// needing returns the need learned by one worker from answers of the same length.
func needing(took time.Duration) *Need {
	n := new(Need)
	n.Fit(1)
	n.Note(took)
	n.Note(took)
	return n
}

// advance brings a up to now, as a recorder does. giveUp drops arrivals not worth sending.
func advance(a *Arrivals, now probe.Instant) {
	for ok := true; ok; {
		_, ok = a.Due(now)
	}
	for ok := true; ok; {
		_, _, ok = a.Expire(now)
	}
}

func giveUp(a *Arrivals, now, free probe.Instant) (hopeless, late uint64) {
	for {
		_, isLate, ok := a.GiveUp(now, free)
		switch {
		case !ok:
			return hopeless, late
		case isLate:
			late++
		default:
			hopeless++
		}
	}
}

func times(n int, took time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = took
	}
	return all
}

func TestNeedIsWhatTheLastAnswersTookAndAnEighth(t *testing.T) {
	t.Parallel()
	const slow = 10 * time.Second
	for name, c := range map[string]struct {
		concurrency int
		answers     []time.Duration
		want        time.Duration
	}{
		"no answer":                                {5, nil, 0},
		"as many as are in flight at once":         {5, times(5, answer), 0},
		"one more":                                 {5, times(6, answer), 450 * time.Millisecond},
		"a stall hits all in flight once":          {5, append(times(16, answer), times(5, slow)...), 450 * time.Millisecond},
		"a target that has become slower":          {5, append(times(16, answer), times(6, slow)...), slow + slow/8},
		"one that is fast again, not yet believed": {5, append(times(21, slow), times(15, answer)...), slow + slow/8},
		"one that is fast again":                   {5, append(times(21, slow), times(16, answer)...), 450 * time.Millisecond},
		"one worker":                               {1, []time.Duration{answer, slow}, 450 * time.Millisecond},
		"a hundred workers look at one in seven":   {100, times(7*17, answer), 450 * time.Millisecond},
		"and leave a stall of all aside":           {100, append(times(7*49, answer), times(100, slow)...), 450 * time.Millisecond},
		"beyond what is kept":                      {1, times(9, 2*time.Hour), (1<<32-1)*time.Microsecond + (1<<32-1)*time.Microsecond/8},
	} {
		assert.Equal(t, c.want, learned(c.concurrency, c.answers...), name)
	}
}

func TestNeedIsForgottenWithTheTarget(t *testing.T) {
	t.Parallel()
	var n Need
	n.Note(answer) // before anything is known of the burst
	assert.Zero(t, n.Estimate())
	n.Fit(1)
	n.Note(answer)
	n.Note(answer)
	n.Fit(1)
	assert.NotZero(t, n.Estimate(), "another burst of the same shape goes on with it")
	n.Forget()
	assert.Zero(t, n.Estimate())
	n.Note(answer)
	n.Note(answer)
	assert.NotZero(t, n.Estimate())
	n.Fit(2)
	assert.Zero(t, n.Estimate())
}

func TestNeedCostsNoMemory(t *testing.T) { //nolint:paralleltest // allocations of others would count
	var n Need
	n.Fit(100)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		n.Note(answer)
		n.Estimate()
	}))
}

func TestArrivalsWithTooLittleTimeLeftAreGivenUp(t *testing.T) {
	t.Parallel()
	const start, timeout = probe.Instant(time.Hour), 2 * time.Second
	for name, c := range map[string]struct {
		now, free      time.Duration
		frozen         time.Duration
		hopeless, late uint64
		next           time.Duration // due
	}{
		"time enough for all":                      {1500 * time.Millisecond, 1500 * time.Millisecond, 0, 0, 0, 0},
		"too little for those that waited longest": {1700 * time.Millisecond, 1700 * time.Millisecond, 0, 2, 0, 200 * time.Millisecond},
		"a worker was free when it was due":        {1700 * time.Millisecond, 0, 0, 0, 0, 0},
		"the prober itself did not run for a part": {1700 * time.Millisecond, 1700 * time.Millisecond, time.Second, 0, 2, 200 * time.Millisecond},
		"just enough": {1550 * time.Millisecond, 1550 * time.Millisecond, 0, 0, 0, 0},
		"a microsecond less, and the first is given": {1550*time.Millisecond + time.Microsecond, 1551 * time.Millisecond, 0, 1, 0, 100 * time.Millisecond},
	} {
		a := NewArrivals(NewPacer(&Burst{Rate: 10, Duration: 10 * time.Second}, "checkout", 0, Whole()), nil, start, []time.Duration{timeout},
			func(_, _ probe.Instant) time.Duration { return c.frozen })
		a.Needs = []*Need{needing(answer)}
		advance(a, start.Add(c.now))
		hopeless, late := giveUp(a, start.Add(c.now), start.Add(c.free))
		assert.Equal(t, []uint64{c.hopeless, c.late}, []uint64{hopeless, late}, name)
		next, state := a.Claim()
		assert.Equal(t, Claimed, state, name)
		assert.Equal(t, start.Add(c.next), next.Due, name)
	}
}

func TestAnEstimateAboveTheTimeoutLeavesWhatHasHardlyWaited(t *testing.T) {
	t.Parallel()
	const start, timeout = probe.Instant(time.Hour), 2 * time.Second
	a := NewArrivals(NewPacer(&Burst{Rate: 1000, Duration: 10 * time.Second}, "checkout", 0, Whole()), nil, start, []time.Duration{timeout},
		func(_, _ probe.Instant) time.Duration { return 0 })
	a.Needs = []*Need{needing(timeout)}
	now := start.Add(time.Second)
	advance(a, now)
	hopeless, late := giveUp(a, now, now)
	assert.EqualValues(t, 980, hopeless)
	assert.Zero(t, late)
	next, state := a.Claim()
	assert.Equal(t, Claimed, state)
	assert.Equal(t, now.Add(-timeout/100), next.Due)
}

package load

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// waits returns when the wakeup was signalled.
func waits(t *testing.T, b *wakeup) probe.Instant {
	t.Helper()
	select {
	case <-b.signalled:
		return probe.Now()
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the bell has not rung")
		return 0
	}
}

func TestBellsRingInTheOrderOfTheirTimesAndNoneBefore(t *testing.T) {
	t.Parallel()
	a := new(alarm)
	start := probe.Now()
	wakeups := make([]wakeup, 200)
	at := make([]probe.Instant, len(wakeups))
	for _, i := range rand.Perm(len(wakeups)) {
		wakeups[i], at[i] = newWakeup(), start.Add(time.Duration(i)*100*time.Microsecond)
		a.wakeAt(&wakeups[i], at[i])
	}
	for i := range wakeups {
		assert.GreaterOrEqual(t, waits(t, &wakeups[i]), at[i])
	}
	assert.Empty(t, a.wakeups)
}

func TestABellThatIsSetAnewRingsOnceAtItsNewTime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ before, after time.Duration }{
		"later":                      {time.Millisecond, 20 * time.Millisecond},
		"earlier":                    {time.Hour, time.Millisecond},
		"when it has rung, unheard":  {-time.Second, 5 * time.Millisecond},
		"to a time that has passed":  {time.Hour, -time.Second},
		"to the time that it had":    {time.Millisecond, time.Millisecond},
		"beside one that rings late": {time.Hour, 2 * time.Millisecond},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, b, other := new(alarm), newWakeup(), newWakeup()
			start := probe.Now()
			a.wakeAt(&other, start.Add(24*time.Hour))
			a.wakeAt(&b, start.Add(tc.before))
			if tc.before < 0 {
				require.Eventually(t, func() bool { return len(b.signalled) == 1 }, 30*time.Second, time.Millisecond)
			}
			a.wakeAt(&b, start.Add(tc.after))
			assert.GreaterOrEqual(t, waits(t, &b), start.Add(tc.after))
			assert.Empty(t, b.signalled)
			assert.Empty(t, other.signalled)
			a.stop(&other)
		})
	}
}

func TestManyWaitAtOnceAndEachIsWoken(t *testing.T) {
	t.Parallel()
	p := NewPrecision()
	var waiting sync.WaitGroup
	for n := range 50 {
		waiting.Go(func() {
			w := NewWaiter(p, false)
			for i := range 40 {
				until := probe.Now().Add(time.Duration((n*i)%7) * 300 * time.Microsecond)
				for probe.Now() < until { // it may return early
					w.Pause(t.Context(), until)
				}
			}
		})
	}
	waiting.Wait()
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for _, spin := range []bool{false, true} {
		p := NewPrecision()
		w := NewWaiter(p, spin)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		w.Pause(ctx, probe.Now().Add(time.Hour))
		require.Error(t, ctx.Err())
		w.Pause(t.Context(), probe.Now().Add(time.Millisecond)) // it is as good as new
	}
}

func TestWaitingAllocatesNothing(t *testing.T) {
	p := NewPrecision()
	w := NewWaiter(p, false)
	ctx := t.Context()
	perWait := testing.AllocsPerRun(100, func() { w.Pause(ctx, probe.Now().Add(50*time.Microsecond)) })
	assert.Zero(t, perWait)
}

func TestAnAlarmGivesItsClockBackAndTakesAnother(t *testing.T) {
	t.Parallel()
	a, b := new(alarm), newWakeup()
	hasClock := func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.clock != nil
	}
	for range 3 {
		a.wakeAt(&b, probe.Now().Add(time.Millisecond))
		assert.True(t, hasClock())
		waits(t, &b)
		require.Eventually(t, func() bool { return !hasClock() }, 30*time.Second, 5*time.Millisecond)
	}
	a.wakeAt(&b, probe.Now().Add(time.Hour))
	a.stop(&b)
	a.stop(&b)
	require.Eventually(t, func() bool { return !hasClock() }, 30*time.Second, 5*time.Millisecond)
	assert.Empty(t, b.signalled)
}

func TestTheUsualLatenessIsThatOfTheMiddle(t *testing.T) {
	t.Parallel()
	const exact = 2 * time.Microsecond
	var l lateness
	random := rand.New(rand.NewPCG(3, 4))
	learn := func(usual time.Duration) {
		for range 1000 {
			l.learn(usual + time.Duration(random.Int64N(2000)-1000))
			if random.IntN(10) == 0 {
				l.learn(10 * time.Millisecond) // another program was running
				l.learn(0)
			}
		}
	}
	learn(30 * time.Microsecond)
	assert.InDelta(t, 30*time.Microsecond, l.usual(), float64(exact))
	learn(5 * time.Microsecond)
	assert.InDelta(t, 5*time.Microsecond, l.usual(), float64(exact), "it follows")
	learn(time.Millisecond)
	assert.LessOrEqual(t, l.usual(), 50*time.Microsecond, "so little is spun for nothing")
	for range 1000 {
		l.learn(0)
	}
	assert.Zero(t, l.usual())
}

func BenchmarkPause(b *testing.B) {
	p := NewPrecision()
	w := NewWaiter(p, false)
	b.ReportAllocs()
	late := make([]time.Duration, 0, 1<<16)
	for b.Loop() {
		until := probe.Now().Add(time.Millisecond)
		w.Pause(b.Context(), until)
		late = append(late, probe.Now().Sub(until))
	}
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2].Nanoseconds()), "ns-late-p50")
	b.ReportMetric(float64(late[len(late)*99/100].Nanoseconds()), "ns-late-p99")
}

package prober

import (
	"context"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// frozen returns a watch with freezes: the times from and to, in turn, after the given
// moment.
func frozen(start probe.Instant, times ...time.Duration) *watch {
	w := &watch{}
	for i := 0; i < len(times); i += 2 {
		w.last.Store(int64(start.Add(times[i])))
		w.beat(start.Add(times[i+1]))
	}
	w.last.Store(0) // nobody looks at the real clock
	return w
}

func TestTheWatchNotesWhatIsLongerThanABusyMachineIsLate(t *testing.T) {
	t.Parallel()
	const second = time.Second
	w := frozen(0, second, second+frozenAfter)
	assert.Zero(t, w.total())
	w = frozen(0, second, 4*second, 10*second, 11*second)
	assert.Equal(t, 4*second, w.total())
	for name, c := range map[string]struct{ from, to, want time.Duration }{
		"before both":         {0, second, 0},
		"between them":        {4 * second, 10 * second, 0},
		"after both":          {11 * second, 12 * second, 0},
		"within the first":    {2 * second, 3 * second, second},
		"the end of one":      {3 * second, 5 * second, second},
		"all of it":           {0, 20 * second, 4 * second},
		"from one to another": {3 * second, 10*second + second/2, second + second/2},
	} {
		assert.Equal(t, c.want, w.within(probe.Instant(c.from), probe.Instant(c.to)), name)
	}
}

func TestAStarvedProcessIsFrozenOnce(t *testing.T) {
	t.Parallel()
	w := &watch{}
	w.last.Store(1)
	for i := range 100 {
		w.beat(probe.Instant(1).Add(time.Duration(i+1) * (frozenAfter + 1)))
	}
	w.last.Store(0)
	assert.Len(t, w.freezes, 1)
	assert.Equal(t, 100*(frozenAfter+1), w.total())
}

func TestTheWatchForgetsTheOldestFreezeAndKeepsTheSum(t *testing.T) {
	t.Parallel()
	var times []time.Duration
	for i := range 2 * keptFreezes {
		times = append(times, time.Duration(2*i+1)*time.Second, time.Duration(2*i+2)*time.Second)
	}
	w := frozen(0, times...)
	assert.Len(t, w.freezes, keptFreezes)
	assert.Equal(t, 2*keptFreezes*time.Second, w.total())
	assert.Zero(t, w.within(0, probe.Instant(3*time.Second)))
	assert.Equal(t, time.Second, w.within(probe.Instant((4*keptFreezes-1)*time.Second), probe.Instant(time.Hour)))
}

func TestTheWatchBeatsWhileBurstsAreUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		w.enter()
		w.enter()
		time.Sleep(10*beatEvery + 1)
		w.leave()
		time.Sleep(10 * beatEvery)
		assert.NotZero(t, w.last.Load(), "another burst is under way")
		w.leave()
		assert.Zero(t, w.last.Load())
		time.Sleep(time.Hour)
		w.enter()
		w.leave()
		assert.Zero(t, w.total(), "nothing was to be watched meanwhile")
	})
}

func TestWhoAsksAfterAFreezeNeedNotWaitForTheWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		w.last.Store(int64(probe.Now())) // a beat, and no goroutine for another
		from := probe.Now()
		time.Sleep(3 * time.Second)
		assert.Equal(t, 3*time.Second, w.within(from, probe.Now()))
		assert.Equal(t, 3*time.Second, w.total(), "counted once")
	})
}

func TestATimeThatPassedInAFreezeIsNotTheTargetsFailure(t *testing.T) {
	t.Parallel()
	const start = probe.Instant(time.Hour)
	at := start.Add
	timeout := func(p errcode.Phase, cause error) error { return &errcode.PhaseError{Phase: p, Err: cause} }
	for name, c := range map[string]struct {
		err      error
		deadline time.Duration
		end      time.Duration
		want     errcode.Code
	}{
		"the deadline passed in the freeze":         {timeout(errcode.PhaseProcessing, os.ErrDeadlineExceeded), 2 * time.Second, 4 * time.Second, errcode.Cancelled},
		"it is noticed a while after":               {timeout(errcode.PhaseProcessing, os.ErrDeadlineExceeded), 2 * time.Second, 5 * time.Second, errcode.Cancelled},
		"that of a dial did":                        {timeout(errcode.PhaseConnect, os.ErrDeadlineExceeded), time.Minute, 4 * time.Second, errcode.Cancelled},
		"that of a lookup did":                      {timeout(errcode.PhaseResolve, &net.DNSError{IsTimeout: true}), time.Minute, 4 * time.Second, errcode.Cancelled},
		"that of a proxy did":                       {timeout(errcode.PhaseConnect, errcode.Wrap(errcode.ProxyConnect, "x", context.DeadlineExceeded)), time.Minute, 4 * time.Second, errcode.Cancelled},
		"the deadline passed before the freeze":     {timeout(errcode.PhaseProcessing, os.ErrDeadlineExceeded), 900 * time.Millisecond, 900 * time.Millisecond, errcode.RequestTimeout},
		"the deadline passed long after":            {timeout(errcode.PhaseProcessing, os.ErrDeadlineExceeded), 9 * time.Second, 9 * time.Second, errcode.RequestTimeout},
		"it was due in the freeze, sent at its end": {timeout(errcode.PhaseProcessing, os.ErrDeadlineExceeded), 6 * time.Second, 6 * time.Second, errcode.Cancelled},
		"the peer has reset the connection":         {timeout(errcode.PhaseProcessing, syscall.ECONNRESET), 2 * time.Second, 4 * time.Second, errcode.Reset},
		"the peer has closed it":                    {timeout(errcode.PhaseTransfer, io.ErrUnexpectedEOF), 2 * time.Second, 4 * time.Second, errcode.Truncated},
		"the kernel has given the connection up":    {timeout(errcode.PhaseProcessing, syscall.ETIMEDOUT), 2 * time.Second, 4 * time.Second, errcode.ConnectionTimeout},
		"an answer that is slow because of it":      {nil, time.Minute, 4*time.Second + 100*time.Millisecond, errcode.Cancelled},
		"an answer that would be slow without it":   {nil, time.Minute, 6 * time.Second, errcode.TooSlow},
		"an answer that is in time all the same":    {nil, time.Minute, 500 * time.Millisecond, errcode.OK},
		"an answer that is slow before the freeze":  {nil, time.Minute, time.Second, errcode.TooSlow},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := testConfig(config.Burst{Requests: 1})
			cfg.Expect.MaxLatency = 600 * time.Millisecond
			target := testTarget(cfg, judge{maxLatency: cfg.Expect.MaxLatency})
			target.watch = frozen(start, time.Second, 4*time.Second)
			r := &probe.Result{Due: at(600 * time.Millisecond), Deadline: at(c.deadline), End: at(c.end), HTTP: &probe.HTTP{Status: 200}, Err: c.err}
			r.Start = r.Due
			if strings.HasPrefix(name, "it was due") {
				r.Start = at(4 * time.Second)
			}
			if c.err == nil && c.want != errcode.Cancelled {
				r.Due = at(0)
			}
			assert.Equal(t, c.want, (&burst{target: target}).judge(target.hold(), r))
			if c.want == errcode.Cancelled {
				assert.ErrorIs(t, r.Err, errFrozen)
			}
		})
	}
}

// judge sends nothing.
type judge struct {
	noEngine
	maxLatency time.Duration
}

func (j judge) Code(r *probe.Result) errcode.Code { return codeOf(r, j.maxLatency) }

func TestWhatIsSentAfterAFreezeIsInTheLag(t *testing.T) {
	t.Parallel()
	a := load.NewArrivals(load.NewPacer(&load.Burst{Rate: 1}, "checkout", 0, load.Whole()), nil, 0, []time.Duration{time.Second}, frozen(0, 2*time.Second, 5*time.Second).within)
	for name, c := range map[string]struct{ due, free, now, want time.Duration }{
		"a worker waited all the time":          {3 * time.Second, time.Second, 5 * time.Second, 2 * time.Second},
		"the worker's answer came meanwhile":    {3 * time.Second, 5 * time.Second, 5 * time.Second, 2 * time.Second},
		"the worker became free long after":     {3 * time.Second, 9 * time.Second, 9 * time.Second, 2 * time.Second},
		"the target held the worker, no freeze": {6 * time.Second, 9 * time.Second, 9 * time.Second, 0},
	} {
		instant := func(d time.Duration) probe.Instant { return probe.Instant(d) }
		assert.Equal(t, c.want, a.Lag(instant(c.now), instant(c.due), instant(c.free)), name)
	}
}

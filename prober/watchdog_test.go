package prober

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// hangingEngine holds some requests until it is released, whatever their deadlines.
type hangingEngine struct {
	*fakeEngine

	hangs    func(request int64) bool
	requests atomic.Int64
	released chan struct{}
	canceled atomic.Int64 // how many hanging requests had their contexts ended
}

func newHangingEngine(hangs func(request int64) bool) *hangingEngine {
	return &hangingEngine{fakeEngine: newFakeEngine(takes(10 * time.Millisecond)), hangs: hangs, released: make(chan struct{})}
}

func (e *hangingEngine) Do(ctx context.Context, r *probe.Result) {
	if e.hangs(e.requests.Add(1)) {
		<-e.released
		if ctx.Err() != nil {
			e.canceled.Add(1)
		}
	}
	e.fakeEngine.Do(ctx, r)
}

// hangingTarget returns a target of hangingEngine and what it logs.
func hangingTarget(burst config.Burst, e probe.Engine) (*target, *bytes.Buffer) {
	var log bytes.Buffer
	t := testTarget(testConfig(burst), e)
	t.reports = newReports(slog.New(slog.NewTextHandler(&log, nil)), t.load.Name)
	return t, &log
}

func TestARequestThatHangsInItsEngineIsEndedFromOutside(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"open":   {Rate: 10, Duration: 5 * time.Second, Concurrency: 2},
		"closed": {Requests: 50, Concurrency: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newHangingEngine(func(request int64) bool { return request == 3 })
				target, log := hangingTarget(burst, e)
				c := fireOnce(t, target)
				assert.EqualValues(t, 1, c.ByCode[errcode.Stuck].Count())
				assert.Equal(t, target.current.Load().cfg.Timeout+stuckAfter, c.ByCode[errcode.Stuck].Sum())
				assert.EqualValues(t, 49, c.ByCode[errcode.OK].Count(), "the others go on")
				assert.EqualValues(t, 1, target.hung.Load())
				assert.Contains(t, log.String(), "code=1007")
				assert.Contains(t, log.String(), "hangingEngine", "the stack of the worker that hangs")

				close(e.released)
				synctest.Wait()
				assert.Zero(t, target.hung.Load())
				assert.EqualValues(t, 1, e.canceled.Load())
				assert.Equal(t, c.ByCode[errcode.OK].Count(), target.recorder.Snapshot(numbers.WithEverything).ByCode[errcode.OK].Count(), "it is counted once")
			})
		})
	}
}

func TestAnEngineThatHangsForEverHoldsFewerThanTwiceTheWorkersOfItsTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newHangingEngine(func(int64) bool { return true })
		target, log := hangingTarget(config.Burst{Requests: 50, Concurrency: 3}, e)
		for range 4 {
			target.fire(t.Context(), context.Background(), 0)
		}
		c := conserved(t, target.recorder)
		assert.EqualValues(t, 5, e.requests.Load(), "three, and two that took the place of the first two")
		assert.EqualValues(t, 5, c.ByCode[errcode.Stuck].Count())
		assert.EqualValues(t, 1, c.Bursts)
		assert.EqualValues(t, 3, c.Skipped[load.SkipStuck], "nobody could send anything")
		assert.Equal(t, 1, strings.Count(log.String(), "code=1007"), "the log has it once")

		close(e.released)
		synctest.Wait()
		target.fire(t.Context(), context.Background(), 0)
		assert.EqualValues(t, 50, target.recorder.Snapshot(numbers.WithEverything).ByCode[errcode.OK].Count(), "they have come back")
	})
}

// panickingEngine has a bug.
type panickingEngine struct{ *fakeEngine }

func (panickingEngine) Do(context.Context, *probe.Result) { panic("a bug") }

func TestAPanicOfAnEngineIsTheFailureOfItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, log := hangingTarget(config.Burst{Requests: 5, Concurrency: 2}, panickingEngine{newFakeEngine(takes(0))})
		c := fireOnce(t, target)
		assert.EqualValues(t, 5, c.ByCode[errcode.Panic].Count())
		assert.Equal(t, 1, strings.Count(log.String(), "code=1003"), "the log has it once")
		assert.Contains(t, log.String(), "panickingEngine", "with its stack")
	})
}

// panickingJudge has a bug in the code after the answer.
type panickingJudge struct{ *fakeEngine }

func (panickingJudge) Code(r *probe.Result) errcode.Code {
	if r.HTTP.Status == http.StatusOK {
		panic("a bug")
	}
	return errcode.OK
}

func TestAPanicOfTheJudgeIsTheFailureOfItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := panickingJudge{newFakeEngine(takes(time.Millisecond))}
		target, _ := hangingTarget(config.Burst{Requests: 5, Concurrency: 2}, e)
		c := fireOnce(t, target)
		assert.EqualValues(t, 5, c.ByCode[errcode.Panic].Count())
	})
}

// resendingEngine sent each request, learned that it was not processed, and then found no
// connection to send it again.
type resendingEngine struct{ *fakeEngine }

func (e resendingEngine) Do(ctx context.Context, r *probe.Result) {
	e.fakeEngine.Do(ctx, r)
	r.HTTP.Resent, r.HTTP.Status = true, 0
	r.Err = &errcode.PhaseError{Phase: errcode.PhaseQueue, Err: probe.ErrConnectionLimit}
}

func TestARequestThatWasSentIsNotDroppedForWantOfAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target, _ := hangingTarget(config.Burst{Requests: 5, Concurrency: 2}, resendingEngine{newFakeEngine(takes(time.Millisecond))})
		c := fireOnce(t, target)
		assert.EqualValues(t, 5, c.ByCode[errcode.LocalResources].Count())
		assert.EqualValues(t, 5, c.Resent)
		assert.Zero(t, dropped(c))
	})
}

package prober

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

// overloaded is a burst with four times the load that its workers can send when each answer
// takes 400 ms.
func overloaded() config.Target {
	cfg := testConfig(config.Burst{Rate: 50, Duration: 3 * time.Second, Concurrency: 5})
	cfg.Timeout = 2 * time.Second
	return cfg
}

func TestAnOverloadedBurstSendsNothingToFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(400 * time.Millisecond))
		target := testTarget(overloaded(), e)
		watched(t, target, 10*time.Millisecond+1, func(s numbers.Snapshot) { assert.LessOrEqual(t, s.InFlight, uint64(5)) })
		s := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, s)
		assert.EqualValues(t, 150, s.Scheduled)
		// Five workers send from 0 to 4.6 s, the last moment at which the last arrival can
		// still be answered. They have time for 60 answers.
		assert.GreaterOrEqual(t, s.ByCode[errcode.OK].Count(), uint64(54), "goodput")
		assert.LessOrEqual(t, s.Requests-s.ByCode[errcode.OK].Count(), uint64(3), "what the server sees cut")
		assert.Equal(t, 150-s.Requests, s.Dropped[load.DropNoWorker]+s.Dropped[load.DropTimeout])
		assert.Greater(t, s.Dropped[load.DropNoWorker], uint64(80))
		assert.Zero(t, s.Failed(), "nothing of it is the target's")
		assert.Zero(t, s.FailingSince)
		assert.NotZero(t, s.TroubledSince)
	})
}

func TestABurstThatAnswersAtItsTimeoutGoesOnSending(t *testing.T) {
	for name, takes := range map[string]time.Duration{
		"all but all of the timeout": 1950 * time.Millisecond,
		"just beyond the timeout":    2100 * time.Millisecond,
		"no answer at all":           time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := overloaded()
				cfg.Burst.Duration = 20 * time.Second
				e := newFakeEngine(func(int) (time.Duration, int) { return takes, 200 })
				target := testTarget(cfg, e)
				target.fire(t.Context(), context.Background(), 0)
				s := target.recorder.Snapshot(numbers.WithEverything)
				assertConserved(t, s)
				assert.GreaterOrEqual(t, e.count(), 45, "five workers, each of them at work for all but 2 of 20 s")
				if takes < cfg.Timeout {
					assert.GreaterOrEqual(t, s.ByCode[errcode.OK].Count(), uint64(40))
					return
				}
				assert.GreaterOrEqual(t, s.ByCode[errcode.RequestTimeout].Count(), uint64(45), "a target that does not answer in time is seen not to")
				assert.LessOrEqual(t, s.Own(), uint64(25), "few requests are sent with little time left")
			})
		})
	}
}

func TestATargetThatStallsAndGoesOnLosesNothingThatItCouldAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		stalls := func(int) (time.Duration, int) {
			now := time.Since(start)
			if now >= 2*time.Second && now < 2800*time.Millisecond {
				return 2800*time.Millisecond - now, 200
			}
			return 5 * time.Millisecond, 200
		}
		cfg := testConfig(config.Burst{Rate: 100, Duration: 5 * time.Second, Concurrency: 10})
		target := testTarget(cfg, newFakeEngine(stalls))
		target.fire(t.Context(), context.Background(), 0)
		s := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, s)
		assert.EqualValues(t, 500, s.ByCode[errcode.OK].Count(), "what was due in the stall is answered after it, and shows it")
	})
}

func TestATargetThatRecoversGetsItsLoadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		dies := func(int) (time.Duration, int) {
			if now := time.Since(start); now >= time.Second && now < 11*time.Second {
				return time.Hour, 200
			}
			return 5 * time.Millisecond, 200
		}
		cfg := testConfig(config.Burst{Rate: 100, Duration: 20 * time.Second, Concurrency: 10})
		e := newFakeEngine(dies)
		target := testTarget(cfg, e)
		target.fire(t.Context(), context.Background(), 0)
		s := target.recorder.Snapshot(numbers.WithEverything)
		assertConserved(t, s)
		assert.GreaterOrEqual(t, s.ByCode[errcode.OK].Count(), uint64(100+800), "all from a timeout after it has come back")
		assert.GreaterOrEqual(t, s.ByCode[errcode.RequestTimeout].Count(), uint64(90), "ten workers saw it for ten seconds")
	})
}

func TestTooFewWorkersAreSaidOnceAndWithHowManyItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		target := testTarget(overloaded(), newFakeEngine(takes(400*time.Millisecond)))
		target.reports = newReports(slog.New(slog.NewTextHandler(&log, nil)), "checkout")
		schedule, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		target.run(schedule, context.Background())
		s := target.recorder.Snapshot(numbers.WithEverything)
		workers, isShort := s.Shortage()
		assert.True(t, isShort)
		assert.Equal(t, "50/s × 0.40 s needs 20 workers, has 5", workers.String())
		assert.Greater(t, s.Bursts, uint64(1))
		assert.Equal(t, 1, strings.Count(log.String(), `level=WARN msg="too few workers: requests are dropped, or wait until their time runs out" target=checkout workers="50/s × 0.40 s needs 20 workers, has 5"`), log.String())
	})
}

func TestEnoughWorkersAreNotCalledTooFew(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"open":                             {Rate: 50, Duration: 3 * time.Second, Concurrency: 21},
		"closed":                           {Requests: 50, Concurrency: 1},
		"a queue that is answered in time": {Rate: 50, Requests: 10, Concurrency: 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := overloaded()
				cfg.Burst = burst
				target := testTarget(cfg, newFakeEngine(takes(400*time.Millisecond)))
				target.fire(t.Context(), context.Background(), 0)
				s := target.recorder.Snapshot(numbers.WithEverything)
				_, isShort := s.Shortage()
				assert.False(t, isShort)
				assert.Zero(t, s.Starved)
			})
		})
	}
}

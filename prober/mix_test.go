package prober

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

// mixOf returns a target with requests a, b, c … of these weights, all like the request of
// cfg.
func mixOf(cfg config.Target, weights ...int) config.Target {
	for i, w := range weights {
		cfg.Requests = append(cfg.Requests, config.NamedRequest{
			Name: string(rune('a' + i)), Weight: w, Timeout: cfg.Timeout, Request: cfg.Request, Expect: cfg.Expect,
		})
	}
	return cfg
}

// askedFor returns how often each of so many requests was sent.
func (f *fakeEngine) askedFor(requests int) []int {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := make([]int, requests)
	for _, r := range f.asked {
		counts[r]++
	}
	return counts
}

func TestAMixIsExactlyInProportion(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"closed":  {Requests: 1000, Concurrency: 7},
		"open":    {Requests: 1000, Rate: 500, Concurrency: 50},
		"poisson": {Requests: 1000, Rate: 500, Concurrency: 50, Arrival: config.ArrivalPoisson},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(time.Millisecond))
				c := fireOnce(t, testTarget(mixOf(testConfig(burst), 8, 2, 10), e))
				assert.Equal(t, []int{400, 100, 500}, e.askedFor(3))
				for i, want := range []uint64{400, 100, 500} {
					assert.Equal(t, want, c.ByRequest[i].Scheduled)
					assert.Equal(t, want, c.ByRequest[i].ByCode[errcode.OK].Count())
				}
			})
		})
	}
}

// Shards with a common target send together what one process sends, request by request.
func TestShardsSendTogetherTheMixOfOneProcess(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"closed":  {Requests: 1003, Concurrency: 50},
		"open":    {Requests: 1003, Rate: 500, Concurrency: 100},
		"poisson": {Requests: 1003, Rate: 500, Concurrency: 100, Arrival: config.ArrivalPoisson},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := mixOf(testConfig(burst), 5, 3, 1, 1)
			cfg.Sharding = config.ShardLoad
			fired := func(part load.Part) (counts []int) {
				synctest.Test(t, func(t *testing.T) {
					e := newFakeEngine(takes(time.Millisecond))
					target := testTarget(cfg, e)
					target.part = part
					target.fire(t.Context(), context.Background(), 77)
					conserved(t, target.recorder)
					counts = e.askedFor(4)
				})
				return counts
			}
			together := make([]int, 4)
			l := loadOf(&cfg)
			for i := range 5 {
				for request, n := range fired((load.Shard{Ordinal: i, Total: 5}).Part(&l)) {
					together[request] += n
				}
			}
			assert.Equal(t, fired(load.Whole()), together)
		})
	}
}

func TestEachRequestOfAMixHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := mixOf(testConfig(config.Burst{Requests: 40, Rate: 100, Concurrency: 40}), 1, 1)
		cfg.Requests[0].Timeout = 100 * time.Millisecond
		c := fireOnce(t, testTarget(cfg, newFakeEngine(takes(300*time.Millisecond))))
		assert.EqualValues(t, 20, c.ByRequest[0].ByCode[errcode.RequestTimeout].Count())
		assert.EqualValues(t, 20, c.ByRequest[1].ByCode[errcode.OK].Count())
	})
}

// journeyOf returns a target with so many steps, all like the request of cfg.
func journeyOf(cfg config.Target, steps int) config.Target {
	cfg = mixOf(cfg, make([]int, steps)...)
	cfg.Journey, cfg.Requests = cfg.Requests, nil
	return cfg
}

// ended returns how many journeys ended in this way at the step.
func ended(c numbers.Snapshot, result numbers.JourneyResult, step string) (n uint64) {
	for _, j := range c.Journey.Ended {
		if j.Result == result && j.Step == step {
			n += j.Count
		}
	}
	return n
}

func TestAJourneyGoesThroughItsStepsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		cfg := journeyOf(testConfig(config.Burst{Requests: 5, Rate: 1, Concurrency: 5}), 3)
		cfg.Think = 100 * time.Millisecond
		c := fireOnce(t, testTarget(cfg, e))
		assert.Equal(t, slices.Repeat([]int{0, 1, 2}, 5), e.asked)
		for i, due := range e.dues[:3] {
			assert.Equal(t, time.Duration(i)*110*time.Millisecond, due.Sub(e.dues[0]), "a step is due when the one before has ended, and the time between is over")
		}
		assert.EqualValues(t, 15, c.Scheduled)
		assert.EqualValues(t, 5, ended(c, numbers.JourneySuccess, ""))
		assert.Equal(t, 5*30*time.Millisecond, c.Journey.Durations[numbers.JourneySuccess].Sum(), "without the time between")
		assert.Equal(t, 5*200*time.Millisecond, c.Journey.Thought)
		for i := range c.ByRequest {
			assert.EqualValues(t, 5, c.ByRequest[i].ByCode[errcode.OK].Count())
		}
		assert.EqualValues(t, 1, c.PeakInFlight)
	})
}

func TestTheFirstFailureEndsAJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(func(k int) (time.Duration, int) {
			if k%2 == 1 { // the second step
				return time.Millisecond, 503
			}
			return time.Millisecond, 200
		})
		cfg := journeyOf(testConfig(config.Burst{Requests: 4, Concurrency: 1}), 3)
		c := fireOnce(t, testTarget(cfg, e))
		assert.Equal(t, []int{0, 1, 0, 1, 0, 1, 0, 1}, e.asked)
		assert.EqualValues(t, 4, ended(c, numbers.JourneyFailure, "b"))
		assert.Zero(t, c.ByRequest[2].Scheduled, "what follows is not scheduled")
		assert.EqualValues(t, 4, c.Journey.Durations[numbers.JourneyFailure].Count())
	})
}

func TestTheEndOfTheScheduleInterruptsJourneysThatPause(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"closed": {Requests: 10, Concurrency: 3},
		"open":   {Requests: 10, Rate: 10, Concurrency: 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(10 * time.Millisecond))
				cfg := journeyOf(testConfig(burst), 2)
				cfg.Think = time.Hour
				target := testTarget(cfg, e)
				schedule, stop := context.WithTimeout(t.Context(), 5*time.Second)
				defer stop()
				start := time.Now()
				target.fire(schedule, context.Background(), 0)
				assert.Equal(t, 5*time.Second, time.Since(start), "it waits for nobody that pauses")
				c := conserved(t, target.recorder)
				assert.EqualValues(t, 3, ended(c, numbers.JourneyInterrupted, "b"))
				assert.Zero(t, c.ByRequest[1].Scheduled)
				assert.Zero(t, c.Journey.InFlight)
			})
		})
	}
}

// The ceilings hold for each request of a journey, and a journey that pauses takes nothing.
func TestCeilingsHoldForTheStepsOfJourneys(t *testing.T) {
	for name, burst := range map[string]config.Burst{
		"closed": {Requests: 30, Concurrency: 10},
		"open":   {Requests: 30, Rate: 30, Concurrency: 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newFakeEngine(takes(10 * time.Millisecond))
				cfg := journeyOf(testConfig(burst), 2)
				cfg.Think = 200 * time.Millisecond
				target := testTarget(cfg, e)
				target.limiter = load.NewLimiter(Limits{InFlight: 2})
				c := fireOnce(t, target)
				assert.Equal(t, 2, e.most)
				assert.EqualValues(t, 30, ended(c, numbers.JourneySuccess, ""))
			})
		})
	}
}

func TestAStepThatACeilingHoldsBackForTooLongInterruptsItsJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newFakeEngine(takes(10 * time.Millisecond))
		cfg := journeyOf(testConfig(config.Burst{Requests: 1, Rate: 10, Concurrency: 5}), 2)
		target := testTarget(cfg, e)
		target.limiter = load.NewLimiter(Limits{Rate: 1, RateSpan: time.Minute})
		c := fireOnce(t, target)
		assert.Equal(t, []int{0}, e.asked)
		assert.EqualValues(t, 1, ended(c, numbers.JourneyInterrupted, "b"))
		assert.EqualValues(t, 1, c.ByRequest[1].Dropped[load.DropLimitRate])
	})
}

func TestAStepThatHangsInterruptsItsJourney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newHangingEngine(func(request int64) bool { return request == 3 })
		cfg := journeyOf(testConfig(config.Burst{Requests: 2, Concurrency: 2}), 2)
		target := testTarget(cfg, e)
		c := fireOnce(t, target)
		assert.EqualValues(t, 1, ended(c, numbers.JourneyInterrupted, "b"))
		assert.EqualValues(t, 1, ended(c, numbers.JourneySuccess, ""))
		assert.EqualValues(t, 1, c.ByRequest[1].ByCode[errcode.Stuck].Count())
		close(e.released)
		synctest.Wait()
		conserved(t, target.recorder)
	})
}

func TestTheTimesBetweenStepsSpreadAboutTheirMean(t *testing.T) {
	const mean, n = 200 * time.Millisecond, 20_000
	for spread, within := range map[option.ThinkSpread][2]time.Duration{
		"":                      {mean, mean},
		option.ThinkConstant:    {mean, mean},
		option.ThinkUniform:     {mean / 2, mean * 3 / 2},
		option.ThinkExponential: {0, 100 * mean},
	} {
		cfg := config.Target{Traffic: config.Traffic{Think: mean, ThinkSpread: spread}}
		var sum time.Duration
		for range n {
			d := thinkTime(&cfg)
			assert.GreaterOrEqual(t, d, within[0])
			assert.LessOrEqual(t, d, within[1])
			sum += d
		}
		assert.InDelta(t, mean, sum/n, float64(mean)/20, string(spread))
	}
}

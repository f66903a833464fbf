package prober

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// watched calls look with the numbers of target every so often until its burst has ended.
func watched(t *testing.T, target *target, every time.Duration, look func(numbers.Snapshot)) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		target.fire(t.Context(), context.Background(), 0)
	}()
	for {
		select {
		case <-done:
			return
		case <-time.After(every):
			s := target.recorder.Snapshot(numbers.WithEverything)
			assertConserved(t, s)
			look(s)
		}
	}
}

func TestInFlightIsNeverAboveConcurrencyNorTheCeilings(t *testing.T) {
	bursts := map[string]config.Burst{
		"closed":             {Requests: 60, Concurrency: 7},
		"closed, by time":    {Duration: time.Second, Concurrency: 7},
		"open, too slow":     {Rate: 200, Duration: time.Second, Concurrency: 7},
		"open, one worker":   {Rate: 50, Duration: time.Second, Concurrency: 1},
		"open, with stages":  {Stages: []config.Stage{{Duration: 0, Rate: 300}, {Duration: time.Second, Rate: 10}}, Concurrency: 7},
		"open, with Poisson": {Rate: 100, Duration: time.Second, Arrival: config.ArrivalPoisson, Concurrency: 7},
	}
	limits := map[string]Limits{
		"no ceiling":              {},
		"a ceiling of in flight":  {InFlight: 3},
		"a ceiling of connection": {Connections: 2, InFlight: 5},
		"a ceiling of the rate":   {Rate: 40},
	}
	for shape, burst := range bursts {
		for ceiling, l := range limits {
			t.Run(shape+", "+ceiling, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					most := uint64(burst.Concurrency)
					if l.InFlight > 0 {
						most = min(most, uint64(l.InFlight))
					}
					target := testTarget(testConfig(burst), newFakeEngine(takes(130*time.Millisecond)))
					target.limiter = load.NewLimiter(l)
					var peak uint64
					watched(t, target, 7*time.Millisecond, func(s numbers.Snapshot) {
						assert.LessOrEqual(t, s.InFlight, most)
						peak = max(peak, s.InFlight)
					})
					s := target.recorder.Snapshot(numbers.WithEverything)
					assert.Zero(t, s.Waiting, "between bursts")
					assert.Zero(t, s.InFlight, "between bursts")
					assert.LessOrEqual(t, peak, s.PeakInFlight)
					assert.LessOrEqual(t, s.PeakInFlight, most)
					assert.Positive(t, s.PeakInFlight)
				})
			})
		}
	}
}

func TestAnArrivalThatACeilingHoldsBackWaitsAndIsNotInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := testTarget(testConfig(config.Burst{Rate: 10, Requests: 1, Concurrency: 2}), newFakeEngine(takes(100*time.Millisecond)))
		target.limiter = load.NewLimiter(Limits{InFlight: 1})
		// A worker of a closed burst has the only place, and another waits for it: the arrival
		// waits its turn behind them.
		var first, second probe.Result
		has, waits := target.limiter.Ticket(&first, nil), target.limiter.Ticket(&second, nil)
		assert.True(t, target.limiter.Await(t.Context(), has))
		go func() {
			if target.limiter.Await(t.Context(), waits) {
				target.limiter.Done(waits)
			}
		}()
		synctest.Wait()
		time.AfterFunc(300*time.Millisecond, func() { target.limiter.Done(has) })
		var waited, flew int
		watched(t, target, 45*time.Millisecond, func(s numbers.Snapshot) {
			waited += int(s.Waiting)
			flew += int(s.InFlight)
		})
		assert.Equal(t, 6, waited, "looks from 45 to 270 ms")
		assert.Equal(t, 2, flew, "looks at 315 and 360 ms")
	})
}

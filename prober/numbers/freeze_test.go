package numbers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// A freeze of three seconds hits an open burst. Its worker is idle, or waits for a target
// that never answers.
func TestArrivalsThatExpireInAFreezeAreNotTheTargets(t *testing.T) {
	t.Parallel()
	const rate, timeout = 10, time.Second
	for name, c := range map[string]struct {
		busy          bool
		expired, late int
	}{
		"idle workers": {false, 0, 2 * rate},
		// The freeze begins after two seconds. Arrivals of the first second have expired
		// by then. Later arrivals, due before the end of the freeze, wait through a part
		// of it.
		"workers that the target holds": {true, rate + 2, 4*rate - 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := NewRecorder(NewBounds(someBuckets))
			const start = probe.Instant(time.Hour)
			frozen := func(from, to probe.Instant) time.Duration {
				return max(min(start.Add(5*time.Second), to).Sub(max(start.Add(2*time.Second), from)), 0)
			}
			p := load.NewPacer(&load.Burst{Rate: rate, Duration: 5*time.Second + 1}, "checkout", 0, load.Whole())
			r.StartBurst(load.NewArrivals(p, nil, start, []time.Duration{timeout}, frozen))
			claim := func(at, free time.Duration) load.ClaimState {
				_, state := r.Claim(start.Add(at), start.Add(free))
				return state
			}
			for at := time.Duration(0); at <= 2*time.Second && !c.busy; at += time.Second / rate {
				assert.Equal(t, load.Claimed, claim(at, at))
			}
			if c.busy {
				r.mu.Lock()
				r.advance(start.Add(2 * time.Second))
				r.mu.Unlock()
			} else {
				for k := range 10 { // due in the last second of the freeze, and not too late yet
					assert.Equal(t, load.Claimed, claim(5*time.Second, 2*time.Second), fmt.Sprint(k))
				}
			}
			r.mu.Lock()
			r.advance(start.Add(7 * time.Second))
			r.mu.Unlock()
			assert.EqualValues(t, c.expired, r.counts.Dropped[load.DropTimeout])
			assert.EqualValues(t, c.late, r.counts.Dropped[load.DropLate])
		})
	}
}

package numbers

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// seriesOf counts the series of a page with one target.
func seriesOf(s Snapshot) int {
	return NewPage().Series(&Scrape{Self: Self{Lags: NewLags(time.Now())}, Targets: []Snapshot{s}, Bounds: NewBounds(someBuckets)})
}

func namesOf(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint("request", i))
	}
	return names
}

// answered returns the result of a request that got a status, with all phases.
func answered(request, status int) *probe.Result {
	res := &probe.Result{Due: 1, Start: 1, Request: request, HTTP: &probe.HTTP{Status: status, Version: probe.HTTP11}}
	res.Begin()
	for p := errcode.PhaseQueue + 1; p < errcode.NumPhases; p++ {
		res.EnterAt(p, probe.Instant(1000*int(p)))
	}
	res.Finish(probe.Instant(time.Millisecond))
	res.TLS = &probe.TLSInfo{Version: 0x0304, LeafNotAfter: time.Unix(1, 0), EarliestNotAfter: time.Unix(1, 0)}
	return res
}

func TestATargetHasAsManySeriesAsItsKindSays(t *testing.T) {
	t.Parallel()
	for _, journey := range []bool{false, true} {
		for _, n := range []int{0, 1, 2, 3, 7} {
			if journey && n == 0 {
				continue
			}
			t.Run(fmt.Sprintf("requests: %d, journey: %t", n, journey), func(t *testing.T) {
				t.Parallel()
				r := NewRecorder(NewBounds(someBuckets))
				r.SetRequests(namesOf(n), journey)
				r.StartBurst(nil)
				for i := range max(n, 1) {
					for status, code := range map[int]errcode.Code{200: errcode.OK, 503: errcode.FromStatus(503)} {
						r.Begin(i)
						r.End(answered(i, status), code)
					}
				}
				if journey {
					r.Begin(0)
					r.DropUnsent(0, load.DropLimitRate)
					r.EndJourney(Journey{Result: JourneySuccess})
					r.EndJourney(Journey{Result: JourneyFailure, Step: n - 1})
				}
				r.EndBurst(time.Second, load.DropShutdown)
				typical, most := SeriesKind{Secured: true, Requests: n, Journey: journey}.Count(seriesOf)
				assert.Equal(t, seriesOf(r.Snapshot(WithLabels|WithDistributions)), typical)
				assert.Greater(t, most, typical)
			})
		}
	}
}

func TestManyRequestsAreCountedAsIfTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, k := range []SeriesKind{{Secured: true, Requests: 5}, {Calls: true, Requests: 4, Journey: true}, {Requests: 3, Journey: true}} {
		typical, most := k.Count(seriesOf)
		assert.Equal(t, seriesOf(k.Typical()), typical)
		assert.Equal(t, seriesOf(k.Greatest()), most)
	}
}

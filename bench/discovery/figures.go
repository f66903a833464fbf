package discovery

import (
	"math"
	"regexp"
	"time"

	"example.com/prober/bench/rig"
)

// figures are what one run came to.
type figures struct {
	lag     rig.Quantiles
	dropped float64
	cpu     float64     // of a core
	memory  []float64   // in use at each scrape, bytes
	applied []time.Time // when it began to be applied
	left    int         // targets that were away at some time

	// At the end, when nothing is in flight:
	received int     // by the server
	fired    float64 // by targets that are gone too: of each request the lag is observed
	// veryLate is how many lags are above 250 ms. Some may be those of bursts that began so late, which are observed
	// besides those of their requests.
	veryLate float64
	counted  float64 // of targets that were never away
	differ   float64 // the requests of these targets that the server has more of, or fewer
	// unbalanced is how many targets broke the identity of the requests, over all scrapes.
	unbalanced int
}

// missing is how many requests one side has that the other has not.
func (f *figures) missing() float64 {
	lost := float64(f.received) - f.fired // negative, where bursts began late
	if lost < 0 {
		lost = max(-lost-f.veryLate, 0)
	}
	return max(lost, f.differ)
}

// leastBetween is the least time from one time that what was found was applied to the next, 0 if there was
// no next one.
func (f *figures) leastBetween() time.Duration {
	least := time.Duration(math.MaxInt64)
	for i := 1; i < len(f.applied); i++ {
		least = min(least, f.applied[i].Sub(f.applied[i-1]))
	}
	if len(f.applied) < 2 {
		return 0
	}
	return least
}

// checkIdentity counts the targets whose requests do not add up.
func (f *figures) checkIdentity(m rig.Metrics) {
	scheduled := m.ByTarget("prober_requests_scheduled_total")
	for _, name := range []string{"prober_requests_total", "prober_requests_dropped_total", "prober_requests_waiting", "prober_requests_in_flight"} {
		for target, n := range m.ByTarget(name) {
			scheduled[target] -= n
		}
	}
	for _, rest := range scheduled {
		if rest != 0 {
			f.unbalanced++
		}
	}
}

// settle takes over the numbers of the end.
func (f *figures) settle(m rig.Metrics, received map[string]int, stayed []string) {
	for _, n := range received {
		f.received += n
	}
	for _, metric := range m["prober_schedule_lag_seconds"].GetMetric() {
		h := metric.GetHistogram()
		f.fired += float64(h.GetSampleCount())
		for _, b := range h.GetBucket() {
			if b.GetUpperBound() == 0.25 {
				f.veryLate += float64(h.GetSampleCount() - b.GetCumulativeCount())
			}
		}
	}
	counted := m.ByTarget("prober_requests_total")
	for _, target := range stayed {
		f.counted += counted[target]
		f.differ += math.Abs(counted[target] - float64(received[target]))
	}
}

var appliedLine = regexp.MustCompile(`(?m)^time=(\S+) level=DEBUG .*msg="what was discovered was applied" .*took=(\S+)`)

// readLog finds out when what was found was applied within a time.
func (f *figures) readLog(log string, from, until time.Time) {
	for _, line := range appliedLine.FindAllStringSubmatch(log, -1) {
		at, err := time.Parse(time.RFC3339Nano, line[1])
		took, tookErr := time.ParseDuration(line[2])
		at = at.Add(-took)
		if err == nil && tookErr == nil && at.After(from) && at.Before(until) {
			f.applied = append(f.applied, at)
		}
	}
}

package discovery

import (
	"math"
	"regexp"
	"time"

	"example.com/prober/bench/rig"
)

// figures are the results of one run.
type figures struct {
	lag     rig.Quantiles
	dropped float64
	cpu     float64     // of a core
	memory  []float64   // in use at each scrape, bytes
	applied []time.Time // when each change began to be applied
	left    int         // targets that were away at some time

	// At the end, when nothing is in flight:
	received int     // by the server
	fired    float64 // including by removed targets: the lag of each request is observed
	// veryLate is the number of lags above 250 ms. Some may be lags of bursts that began so late. They are observed
	// beside the lags of their requests.
	veryLate float64
	counted  float64 // of targets that were never away
	differ   float64 // requests of these targets that only one side has
	// unbalanced is the number of targets that broke the identity of the requests, over all scrapes.
	unbalanced int
}

// missing returns how many requests only one side has.
func (f *figures) missing() float64 {
	lost := float64(f.received) - f.fired // negative if bursts began late
	if lost < 0 {
		lost = max(-lost-f.veryLate, 0)
	}
	return max(lost, f.differ)
}

// leastBetween returns the least time between two applied discoveries, 0 if there was only one.
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

// checkIdentity counts the targets with requests that do not add up.
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

// settle takes over the numbers at the end.
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

var appliedLine = regexp.MustCompile(`(?m)^time=(\S+) level=DEBUG .*msg="the discovered targets were applied" .*took=(\S+)`)

// readLog finds the times of applied discoveries within a time.
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

package discover

import (
	"math"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// meter has the numbers of one discovery. A scrape may read it while targets are made.
type meter struct {
	targets, failures, success number
	leftOut                    [6]number // in the order of Reasons
}

// number is a float64. It is safe for concurrent use.
type number struct{ bits atomic.Uint64 }

func (n *number) get() float64  { return math.Float64frombits(n.bits.Load()) }
func (n *number) set(v float64) { n.bits.Store(math.Float64bits(v)) }

// add must not be called concurrently.
func (n *number) add(v float64) { n.set(n.get() + v) }

var (
	targetsDesc = prometheus.NewDesc("prober_discovered_targets",
		"Number of targets that a discovery found and that are probed.", []string{"discover"}, nil)
	failuresDesc = prometheus.NewDesc("prober_discovery_failures_total",
		"Number of failures of a discovery's mechanisms since the start.", []string{"discover"}, nil)
	successDesc = prometheus.NewDesc("prober_discovery_last_success_timestamp_seconds",
		"When a mechanism of a discovery last gave its list of targets, in seconds since 1970; 0 before the first list.", []string{"discover"}, nil)
	leftOutDesc = prometheus.NewDesc("prober_discovery_left_out_targets",
		"Number of targets that a discovery found and that are not probed, by reason.", []string{"discover", "reason"}, nil)
)

// Describe implements [prometheus.Collector].
func (s *Set) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{targetsDesc, failuresDesc, successDesc, leftOutDesc} {
		descs <- d
	}
}

// Collect implements [prometheus.Collector]. It takes no lock of the set: a scrape does not
// wait while thousands of targets are made.
func (s *Set) Collect(metrics chan<- prometheus.Metric) {
	meters := s.meters.Load()
	if meters == nil {
		return
	}
	for name, m := range *meters {
		metrics <- prometheus.MustNewConstMetric(targetsDesc, prometheus.GaugeValue, m.targets.get(), name)
		metrics <- prometheus.MustNewConstMetric(failuresDesc, prometheus.CounterValue, m.failures.get(), name)
		metrics <- prometheus.MustNewConstMetric(successDesc, prometheus.GaugeValue, m.success.get(), name)
		for i, reason := range Reasons() {
			metrics <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.GaugeValue, m.leftOut[i].get(), name, string(reason))
		}
	}
}

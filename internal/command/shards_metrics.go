package command

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// shardMeter has the numbers of the look-ups of the shards. All are 0 without look-ups.
type shardMeter struct {
	created           time.Time
	failures, changes atomic.Uint64
	success           atomic.Int64 // Unix time in milliseconds
}

var (
	shardsChangedDesc = prometheus.NewDesc("prober_shards_changed_total",
		"How many times the targets were divided among a new number of shards; 0 without --total-shards=auto.", nil, nil)
	shardFailuresDesc = prometheus.NewDesc("prober_shards_lookup_failures_total",
		"Look-ups that did not find the shards; 0 without --total-shards=auto.", nil, nil)
	shardSuccessDesc = prometheus.NewDesc("prober_shards_lookup_last_success_timestamp_seconds",
		"When a look-up last found the shards, in seconds since 1970; 0 without --total-shards=auto.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (m *shardMeter) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{shardsChangedDesc, shardFailuresDesc, shardSuccessDesc} {
		descs <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *shardMeter) Collect(metrics chan<- prometheus.Metric) {
	counter := func(desc *prometheus.Desc, n *atomic.Uint64) {
		metrics <- prometheus.MustNewConstMetricWithCreatedTimestamp(desc, prometheus.CounterValue, float64(n.Load()), m.created)
	}
	counter(shardsChangedDesc, &m.changes)
	counter(shardFailuresDesc, &m.failures)
	metrics <- prometheus.MustNewConstMetric(shardSuccessDesc, prometheus.GaugeValue, float64(m.success.Load())/1000)
}

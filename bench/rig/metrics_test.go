package rig_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/bench/rig"
)

func TestHistogramsOfAllSeriesAreAddedUp(t *testing.T) {
	t.Parallel()
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "test_seconds", Help: "Test.", Buckets: []float64{1}, NativeHistogramBucketFactor: 1.1,
	}, []string{"code"})
	for range 80 {
		h.WithLabelValues("0").Observe(0.005)
	}
	for range 20 {
		h.WithLabelValues("1050").Observe(1)
	}
	m := scrape(t, h)

	got := m.Histogram("test_seconds")
	assert.Equal(t, 100.0, got.Count())
	const width = 1.0905077
	assert.InEpsilon(t, 0.005, got.Quantiles().P50.Seconds(), width-1)
	assert.InEpsilon(t, 1, got.Quantiles().P90.Seconds(), width-1)
	assert.Equal(t, time.Second, got.Quantiles().Max, "1 s is the upper bound of a bucket")
	assert.Equal(t, 8, m.Series(), "per series a bucket, +Inf, sum and count")
}

func TestHistogramsOfDifferentResolutionAreAddedUp(t *testing.T) {
	t.Parallel()
	var m rig.Metrics
	for _, factor := range []float64{1.1, 2} {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "test_seconds", Help: "Test.", NativeHistogramBucketFactor: factor})
		for i := range 100 {
			h.Observe(0.001 * math.Pow(1.07, float64(i)))
		}
		one := scrape(t, h)
		if m == nil {
			m = one
			continue
		}
		m["test_seconds"].Metric = append(m["test_seconds"].Metric, one["test_seconds"].Metric...)
	}
	got := m.Histogram("test_seconds")
	assert.Equal(t, 200.0, got.Count())
	assert.InEpsilon(t, 0.001*math.Pow(1.07, 50), got.Quantiles().P50.Seconds(), 0.2)
}

func TestWhatIsNotThereIsNothing(t *testing.T) {
	t.Parallel()
	var m rig.Metrics
	assert.Zero(t, m.Value("test_total"))
	assert.Zero(t, m.Histogram("test_seconds").Quantiles())
}

func scrape(t *testing.T, c prometheus.Collector) rig.Metrics {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	require.NoError(t, err)
	var page bytes.Buffer
	encoder := expfmt.NewEncoder(&page, expfmt.NewFormat(expfmt.TypeProtoDelim))
	for _, family := range families {
		require.NoError(t, encoder.Encode(family))
	}
	m, err := rig.ReadMetrics(&page)
	require.NoError(t, err)
	return m
}

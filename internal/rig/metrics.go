package rig

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
)

// Metrics is the content of one scrape, by name.
type Metrics map[string]*dto.MetricFamily

// Scrape reads the metrics at url.
func Scrape(ctx context.Context, url string) (Metrics, error) {
	status, body, err := Fetch(ctx, http.MethodGet, url)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("scrape of %s: status %d", url, status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(body))
}

// Sum adds up the series of a name with all the given labels. labels are pairs of name and value. A histogram counts
// with its number of observations.
func (m Metrics) Sum(name string, labels ...string) float64 {
	sum := 0.0
	for _, v := range m.By(name, "", labels...) {
		sum += v
	}
	return sum
}

// By is Sum for each value of the label by.
func (m Metrics) By(name, by string, labels ...string) map[string]float64 {
	sums := map[string]float64{}
	for _, series := range m[name].GetMetric() {
		if has(series, labels) {
			sums[label(series, by)] += value(series)
		}
	}
	return sums
}

// Values returns the values of label over all series of a name, in order.
func (m Metrics) Values(name, label string, labels ...string) []string {
	return slices.Sorted(maps.Keys(m.By(name, label, labels...)))
}

// Codes returns the number of requests of a target for each error code. It leaves out codes without requests.
func (m Metrics) Codes(target string) map[string]float64 {
	codes := m.By("prober_requests_total", "error_code", "target", target)
	maps.DeleteFunc(codes, func(_ string, n float64) bool { return n == 0 })
	return codes
}

// RequireBalanced checks the sums that hold exactly in every scrape. Each request that was due is counted or dropped,
// or it waits or is in flight. Each counted request is in the histogram of its code. Each failure has its phase.
func (m Metrics) RequireBalanced(t *testing.T) {
	t.Helper()
	ok := true
	for _, target := range m.Values("prober_requests_total", "target") {
		scheduled := m.Sum("prober_requests_scheduled_total", "target", target)
		counted := m.Sum("prober_requests_total", "target", target)
		dropped := m.Sum("prober_requests_dropped_total", "target", target)
		waiting := m.Sum("prober_requests_waiting", "target", target)
		inFlight := m.Sum("prober_requests_in_flight", "target", target)
		ok = assert.InDelta(t, scheduled, counted+dropped+waiting+inFlight, 0,
			"%s: scheduled is not %v counted + %v dropped + %v waiting + %v in flight", target, counted, dropped, waiting, inFlight) && ok

		durations := m.By("prober_request_duration_seconds", "error_code", "target", target)
		for code, n := range m.By("prober_requests_total", "error_code", "target", target) {
			ok = assert.InDelta(t, n, durations[code], 0, "%s: requests and durations of code %s", target, code) && ok
		}
		failed := counted - m.Sum("prober_requests_total", "target", target, "error_code", "0")
		failures := m.Sum("prober_request_failures_total", "target", target)
		ok = assert.InDelta(t, failed, failures, 0, "%s: failed requests and failures", target) && ok
	}
	if !ok {
		t.FailNow()
	}
}

func has(series *dto.Metric, labels []string) bool {
	for pair := range slices.Chunk(labels, 2) {
		if label(series, pair[0]) != pair[1] {
			return false
		}
	}
	return true
}

func label(series *dto.Metric, name string) string {
	for _, pair := range series.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}

func value(series *dto.Metric) float64 {
	switch {
	case series.Histogram != nil:
		return float64(series.Histogram.GetSampleCount())
	case series.Counter != nil:
		return series.Counter.GetValue()
	default:
		return series.Gauge.GetValue()
	}
}

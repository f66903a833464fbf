package command

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// The Accept headers of clients. The last one is that of Prometheus 3: it
// prefers protobuf for native histograms.
const (
	acceptText        = "text/plain;version=0.0.4"
	acceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
	acceptProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	acceptPrometheus  = acceptProtobuf + ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)

// scrapeAs returns the metrics in the format for the header accept.
func (d *idle) scrapeAs(accept string) (contentType string, body []byte) {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.url+"/metrics", http.NoBody)
	require.NoError(d.t, err)
	r.Header.Set("Accept", accept)
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(d.t, err)
	defer response.Body.Close()
	require.Equal(d.t, http.StatusOK, response.StatusCode)
	body, err = io.ReadAll(response.Body)
	require.NoError(d.t, err)
	return response.Header.Get("Content-Type"), body
}

// newDrained returns a daemon that has sent some requests and sends no more, so
// all scrapes show the same state.
func newDrained(t *testing.T) *idle {
	t.Helper()
	server := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	d := newIdle(t, fmt.Sprintf(`
defaults: {interval: 20ms, timeout: 1m, burst: {requests: 4}, request: {traceparent: true}, connection: {connect_timeout: 1m}}
targets:
  - {name: shop, url: "%[1]s/shop", labels: {note: "with \"quotes\" and \\"}}
  - {name: broken, url: "%[1]s/broken"}
  - {name: open, url: "%[1]s/open", burst: {rate: 1000}}
  - {name: absent, url: "http://127.0.0.1:1/"}
`, server.URL))
	rig.Until(t, "each target has ended a burst", func() bool {
		m, err := rig.Scrape(t.Context(), d.url+"/metrics")
		require.NoError(t, err)
		bursts := m.By("prober_bursts_total", "target")
		return min(bursts["shop"], bursts["broken"], bursts["open"], bursts["absent"]) > 0
	})
	d.drain(time.Minute)
	return d
}

// ofTheProber drops the metrics of the process: they change with every scrape.
func ofTheProber(samples map[string]float64) map[string]float64 {
	for name := range samples {
		if !strings.HasPrefix(name, "prober_") {
			delete(samples, name)
		}
	}
	return samples
}

func TestAllFormatsShowTheSameFigures(t *testing.T) {
	t.Parallel()
	d := newDrained(t)
	contentType, body := d.scrapeAs(acceptText)
	assert.Contains(t, contentType, "text/plain; version=0.0.4")
	text := ofTheProber(samplesOf(decode(t, contentType, body)))
	assert.Greater(t, len(text), 500)
	assert.Positive(t, text[`prober_requests_total{error_code="1503",target="broken"}`])
	assert.Positive(t, text[`prober_request_duration_seconds_count{error_code="1212",target="absent"}`])

	contentType, body = d.scrapeAs(acceptOpenMetrics)
	assert.Contains(t, contentType, "application/openmetrics-text; version=1.0.0")
	open, err := rig.ReadOpenMetrics(string(body))
	require.NoError(t, err)
	samples := map[string]float64{}
	for _, s := range open.Samples {
		samples[s.Key()] = s.Value
	}
	assert.Empty(t, rig.DifferingSamples(text, ofTheProber(samples)))

	for _, accept := range []string{acceptProtobuf, acceptPrometheus} {
		contentType, body = d.scrapeAs(accept)
		assert.Contains(t, contentType, "application/vnd.google.protobuf")
		assert.Empty(t, rig.DifferingSamples(text, ofTheProber(samplesOf(decode(t, contentType, body)))))
	}
}

func TestTheExpositionOfADaemonIsCleanForPromlint(t *testing.T) {
	t.Parallel()
	_, body := newDrained(t).scrapeAs(acceptText)
	problems, err := promlint.New(bytes.NewReader(body)).Lint()
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestProtobufHasNativeHistogramsBesideClassicOnesAndCreationTimes(t *testing.T) {
	t.Parallel()
	contentType, body := newDrained(t).scrapeAs(acceptProtobuf)
	histograms := 0
	for _, family := range decode(t, contentType, body) {
		name := family.GetName()
		if !strings.HasPrefix(name, "prober_") {
			continue
		}
		for _, series := range family.GetMetric() {
			if c := series.GetCounter(); c != nil {
				assert.NotNil(t, c.GetCreatedTimestamp(), name)
			}
			h := series.GetHistogram()
			if h == nil {
				continue
			}
			histograms++
			assert.NotNil(t, h.GetCreatedTimestamp(), name)
			assert.NotEmpty(t, h.GetBucket(), name)
			assert.NotNil(t, h.Schema, name)
			assert.NotNil(t, h.ZeroThreshold, name)
			assert.Equal(t, h.GetSampleCount(), nativeCount(h), "%s: all observations are in native buckets", name)
			assert.NotEmpty(t, h.GetPositiveSpan(), "%s: without a span it would not be taken for a native histogram", name)
		}
	}
	assert.Greater(t, histograms, 10)
}

// nativeCount adds up the native buckets.
func nativeCount(h *dto.Histogram) uint64 {
	total, bucket := h.GetZeroCount(), int64(0)
	for _, delta := range h.GetPositiveDelta() {
		bucket += delta
		total += uint64(bucket)
	}
	return total
}

func TestExemplarsNameTheRequestsOfTheirBuckets(t *testing.T) {
	t.Parallel()
	d := newDrained(t)
	contentType, body := d.scrapeAs(acceptProtobuf)
	want := map[string]bool{}
	for _, family := range decode(t, contentType, body) {
		for _, series := range family.GetMetric() {
			native := map[string]bool{}
			for _, e := range series.GetHistogram().GetExemplars() {
				native[traceOf(t, e)] = true
			}
			below := math.Inf(-1)
			for _, b := range series.GetHistogram().GetBucket() {
				if e := b.GetExemplar(); e != nil {
					want[traceOf(t, e)] = true
					assert.Contains(t, native, traceOf(t, e), "the native form has those of the classic one")
					assert.LessOrEqual(t, e.GetValue(), b.GetUpperBound())
					assert.Greater(t, e.GetValue(), below)
				}
				below = b.GetUpperBound()
			}
			if e := series.GetCounter().GetExemplar(); e != nil {
				want[traceOf(t, e)] = true
			}
		}
	}
	assert.GreaterOrEqual(t, len(want), 3, "the slowest of each target that answers, and the first with code 1503")

	_, body = d.scrapeAs(acceptOpenMetrics)
	open, err := rig.ReadOpenMetrics(string(body))
	require.NoError(t, err)
	got := map[string]bool{}
	for sample, trace := range open.Exemplars {
		got[trace] = true
		assert.Regexp(t, `^[0-9a-f]{32}$`, trace)
		assert.Regexp(t, `^prober_(request_duration_seconds_bucket|requests_total)\{`, sample)
	}
	assert.Equal(t, want, got)

	_, body = d.scrapeAs(acceptText)
	assert.Empty(t, rig.LinesWith(string(body), " # {"), "this format has no exemplars")
}

func traceOf(t *testing.T, e *dto.Exemplar) string {
	t.Helper()
	require.Len(t, e.GetLabel(), 1)
	assert.Equal(t, "trace_id", e.GetLabel()[0].GetName())
	assert.NotNil(t, e.GetTimestamp())
	return e.GetLabel()[0].GetValue()
}

// decode reads the families of an answer in text or protobuf.
func decode(t *testing.T, contentType string, body []byte) []*dto.MetricFamily {
	t.Helper()
	decoder := expfmt.NewDecoder(bytes.NewReader(body), expfmt.ResponseFormat(http.Header{"Content-Type": {contentType}}))
	var families []*dto.MetricFamily
	for {
		family := &dto.MetricFamily{}
		err := decoder.Decode(family)
		if errors.Is(err, io.EOF) {
			return families
		}
		require.NoError(t, err)
		families = append(families, family)
	}
}

// samplesOf returns each sample as in the text format, by its series.
func samplesOf(families []*dto.MetricFamily) map[string]float64 {
	samples := map[string]float64{}
	for _, family := range families {
		for _, series := range family.GetMetric() {
			set := func(suffix string, value float64, more ...*dto.LabelPair) {
				samples[family.GetName()+suffix+labelsOf(append(slices.Clone(series.GetLabel()), more...))] = value
			}
			h := series.GetHistogram()
			if h == nil {
				set("", series.GetCounter().GetValue()+series.GetGauge().GetValue())
				continue
			}
			le, infinite := "le", "+Inf"
			for _, b := range h.GetBucket() {
				bound := strconv.FormatFloat(b.GetUpperBound(), 'g', -1, 64)
				set("_bucket", float64(b.GetCumulativeCount()), &dto.LabelPair{Name: &le, Value: &bound})
			}
			set("_bucket", float64(h.GetSampleCount()), &dto.LabelPair{Name: &le, Value: &infinite})
			set("_count", float64(h.GetSampleCount()))
			set("_sum", h.GetSampleSum())
		}
	}
	return samples
}

func labelsOf(pairs []*dto.LabelPair) string {
	slices.SortFunc(pairs, func(a, b *dto.LabelPair) int { return cmp.Compare(a.GetName(), b.GetName()) })
	var parts []string
	for _, pair := range pairs {
		parts = append(parts, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
	}
	if parts == nil {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

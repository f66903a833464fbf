package prober

import (
	"bytes"
	"regexp"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// traced is a request with a latency and a trace.
func traced(id byte, latency time.Duration, err error) *probe.Result {
	r := &probe.Result{Due: 1, End: probe.Instant(latency) + 1, Sent: 100, HTTP: &probe.HTTP{TraceID: probe.TraceID{15: id}}}
	if err != nil {
		r.Err = &errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: err}
	}
	return r
}

// managerWithTraces has counted bursts of requests with traces.
func managerWithTraces(t *testing.T, bursts ...[]*probe.Result) *Manager {
	t.Helper()
	m := newTestManager(t)
	cfg := testConfig(config.Burst{Requests: 1})
	cfg.Interval = 1000 * time.Hour
	apply(t, m, cfg)
	r := m.entries["checkout"].recorder
	for _, burst := range bursts {
		r.StartBurst(nil)
		for _, res := range burst {
			code := errcode.OK
			if res.Err != nil {
				code = errcode.Reset
			}
			r.Begin(0)
			r.End(res, code)
		}
		r.EndBurst(time.Second, load.DropShutdown)
	}
	return m
}

var exemplarTime = regexp.MustCompile(` [\d.e+]+\n`)

// exemplarsOf returns the lines of OpenMetrics with an exemplar, without its time.
func exemplarsOf(t *testing.T, m *Manager) (lines []string) {
	t.Helper()
	var out bytes.Buffer
	encoder := expfmt.NewEncoder(&out, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for family := range m.Families(func() {}) {
		require.NoError(t, encoder.Encode(family))
	}
	for line := range bytes.Lines(out.Bytes()) {
		if bytes.Contains(line, []byte(" # ")) {
			lines = append(lines, exemplarTime.ReplaceAllString(string(line), ""))
		}
	}
	return lines
}

func TestTheSlowestRequestAndTheFirstOfEachFailingCodeAreExemplars(t *testing.T) {
	t.Parallel()
	const (
		one   = "00000000000000000000000000000001"
		two   = "00000000000000000000000000000002"
		three = "00000000000000000000000000000003"
	)
	for name, test := range map[string]struct {
		bursts [][]*probe.Result
		want   []string
	}{
		"the slowest of those that succeeded": {
			[][]*probe.Result{{traced(1, 2*time.Millisecond, nil), traced(2, 300*time.Millisecond, nil), traced(3, time.Millisecond, nil)}},
			[]string{`prober_request_duration_seconds_bucket{error_code="0",target="checkout",le="0.5"} 3 # {trace_id="` + two + `"} 0.3`},
		},
		"the first that failed, and the slowest of all": {
			[][]*probe.Result{{traced(1, 2*time.Millisecond, syscall.ECONNRESET), traced(2, 3*time.Millisecond, syscall.ECONNRESET), traced(3, 30*time.Second, nil)}},
			[]string{
				`prober_request_duration_seconds_bucket{error_code="0",target="checkout",le="+Inf"} 1 # {trace_id="` + three + `"} 30.0`,
				`prober_request_duration_seconds_bucket{error_code="1220",target="checkout",le="0.005"} 2 # {trace_id="` + one + `"} 0.002`,
				`prober_requests_total{error_code="1220",target="checkout"} 2.0 # {trace_id="` + one + `"} 1.0`,
			},
		},
		"those of a later burst take the place of the earlier ones": {
			[][]*probe.Result{{traced(1, 300*time.Millisecond, nil)}, {traced(2, 2*time.Millisecond, nil)}},
			[]string{`prober_request_duration_seconds_bucket{error_code="0",target="checkout",le="0.005"} 1 # {trace_id="` + two + `"} 0.002`},
		},
		"none without a trace": {
			[][]*probe.Result{{{Due: 1, End: 5, Sent: 100}}}, nil,
		},
		"none of a request that was never sent": {
			[][]*probe.Result{{{Due: 1, End: 5, HTTP: &probe.HTTP{TraceID: probe.TraceID{1}}}}}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, exemplarsOf(t, managerWithTraces(t, test.bursts...)))
		})
	}
}

func TestNativeHistogramsHaveTheirExemplarsInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	m := managerWithTraces(t, []*probe.Result{
		traced(1, 2*time.Millisecond, syscall.ECONNRESET), traced(2, 3*time.Millisecond, syscall.ECONNRESET),
	})
	var seen []string
	for family := range m.Families(func() {}) {
		if family.GetName() != "prober_request_duration_seconds" {
			continue
		}
		for _, metric := range proto.CloneOf(family).Metric {
			for _, e := range metric.Histogram.Exemplars {
				seen = append(seen, e.Label[0].GetValue()[31:])
			}
		}
	}
	assert.Equal(t, []string{"1", "2"}, seen)
}

// Each scrape overwrites the page: nothing of one may show in the next.
func TestExemplarsDoNotStickToThePage(t *testing.T) {
	t.Parallel()
	m := managerWithTraces(t, []*probe.Result{traced(1, 300*time.Millisecond, syscall.ECONNRESET)})
	require.NotEmpty(t, exemplarsOf(t, m))
	other := testConfig(config.Burst{Requests: 1})
	other.Name, other.Interval = "other", 1000*time.Hour
	apply(t, m, other)
	require.Eventually(t, func() bool { return len(m.Targets()) == 1 && len(exemplarsOf(t, m)) == 0 }, patience, time.Millisecond)
	for family := range m.Families(func() {}) {
		for _, metric := range family.Metric {
			assert.Empty(t, metric.GetHistogram().GetExemplars())
			assert.Nil(t, metric.GetCounter().GetExemplar())
			assert.NotContains(t, metric.GetHistogram().GetBucket(), (*dto.Bucket)(nil))
		}
	}
}

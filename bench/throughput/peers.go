package throughput

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"

	"example.com/prober/bench/closed"
)

// peers are load generators written in Go.
func peers(binary func(name string) string) []client {
	anything := func(load) bool { return true }
	only := func(http1, http2 bool) func(load) bool {
		return func(l load) bool { return l.http2 && http2 && l.tls || !l.http2 && http1 }
	}
	fortio := func(label string, speaks func(load) bool, mode ...string) client {
		return tool{label, binary("fortio"), speaks, func(t task) ([]string, error) { return fortioArguments(t, mode...) }, parseFortio}
	}
	bombardier := func(label, mode string, speaks func(load) bool) client {
		return tool{label, binary("bombardier"), speaks, func(t task) ([]string, error) { return bombardierArguments(t, mode) }, parseBombardier}
	}
	return []client{
		tool{"hey", binary("hey"), only(true, true), heyArguments, parseHey},
		tool{"vegeta", binary("vegeta"), anything, vegetaArguments, parseVegeta},
		fortio("fortio (fast)", only(true, false)),
		fortio("fortio (std)", anything, "-stdclient"),
		bombardier("bombardier (fasthttp)", "--fasthttp", only(true, false)),
		bombardier("bombardier (net/http)", "--http1", only(true, false)),
		bombardier("bombardier (net/http)", "--http2", only(false, true)),
		tool{"k6", binary("k6"), only(true, true), k6Arguments, parseK6},
	}
}

func heyArguments(t task) ([]string, error) {
	args := []string{"-z", t.duration(), "-c", t.workers()}
	args = with(args, t.http2, "-h2")
	args = with(args, t.perAnswer, "-disable-keepalive")
	args = with(args, t.body != "", "-m", "POST", "-D", t.body)
	return append(args, t.url), nil
}

// parseHey reads hey's latencies, rounded to a tenth of a millisecond.
func parseHey(_ context.Context, _ task, printed string) (closed.Report, error) {
	f := closed.Finder{Text: printed}
	r := closed.Report{
		Rate: f.Number(`Requests/sec:\s+([\d.]+)`),
		P50:  f.Number(`50%% in ([\d.]+) secs`),
		P99:  f.Number(`99%% in ([\d.]+) secs`),
	}
	r.Requests = int(f.Number(`\[200\]\s+(\d+) responses`))
	return r, f.Err
}

func vegetaArguments(t task) ([]string, error) {
	targets := t.path("targets")
	method := "GET"
	if t.body != "" {
		method = "POST"
	}
	args := []string{
		"attack", "-rate", "0", "-workers", t.workers(), "-max-workers", t.workers(), "-connections", t.workers(),
		"-duration", t.duration(), "-targets", targets, "-output", t.path("results"),
	}
	args = with(args, t.tls, "-root-certs", t.certificate)
	args = with(args, !t.http2, "-http2=false")
	args = with(args, t.http2 && !t.tls, "-h2c")
	args = with(args, t.perAnswer, "-keepalive=false")
	args = with(args, t.body != "", "-body", t.body)
	return args, os.WriteFile(targets, []byte(method+" "+t.url+"\n"), 0o600)
}

func parseVegeta(ctx context.Context, t task, _ string) (closed.Report, error) {
	out, err := exec.CommandContext(ctx, t.program, "report", "-type=json", t.path("results")).Output()
	var v struct {
		Latencies struct { // nanoseconds
			P50 float64 `json:"50th"`
			P99 float64 `json:"99th"`
		}
		Requests int
		Rate     float64
		Success  float64
	}
	if err := errors.Join(err, json.Unmarshal(out, &v)); err != nil {
		return closed.Report{}, err
	}
	failures := int(math.Round((1 - v.Success) * float64(v.Requests)))
	return closed.Report{
		Requests: v.Requests, Rate: v.Rate, P50: v.Latencies.P50 / 1e9, P99: v.Latencies.P99 / 1e9, Failures: failures,
	}, nil
}

func fortioArguments(t task, mode ...string) ([]string, error) {
	args := append([]string{
		"load", "-loglevel", "Error", "-qps", "0", "-t", t.duration(), "-c", t.workers(),
		"-r", "0.00001", "-p", "50,99", "-json", t.path("summary.json"), "-cacert", t.certificate,
	}, mode...)
	args = with(args, t.http2, "-h2")
	args = with(args, t.perAnswer, "-keepalive=false")
	args = with(args, t.body != "", "-payload-file", t.body)
	return append(args, t.url), nil
}

func parseFortio(_ context.Context, t task, _ string) (closed.Report, error) {
	var f struct {
		ActualQPS         float64
		DurationHistogram struct { // in seconds
			Count       int
			Percentiles []struct{ Value float64 }
		}
		RetCodes map[string]int
	}
	if err := readJSON(t.path("summary.json"), &f); err != nil {
		return closed.Report{}, err
	}
	h := f.DurationHistogram
	if len(h.Percentiles) != 2 {
		return closed.Report{}, errors.New("there are no percentiles")
	}
	return closed.Report{
		Requests: h.Count, Rate: f.ActualQPS, P50: h.Percentiles[0].Value, P99: h.Percentiles[1].Value, Failures: h.Count - f.RetCodes["200"],
	}, nil
}

func bombardierArguments(t task, mode string) ([]string, error) {
	args := []string{mode, "--insecure", "--connections", t.workers(), "--duration", t.duration(), "--print", "result", "--format", "json", "--latencies"}
	args = with(args, t.perAnswer && mode == "--fasthttp", "--header", "Connection: close")
	args = with(args, t.perAnswer && mode != "--fasthttp", "--disableKeepAlives")
	args = with(args, t.body != "", "--method", "POST", "--body-file", t.body)
	return append(args, t.url), nil
}

func parseBombardier(_ context.Context, _ task, printed string) (closed.Report, error) {
	var b struct {
		Result struct {
			TimeTakenSeconds                               float64
			Req1xx, Req2xx, Req3xx, Req4xx, Req5xx, Others int
			Latency                                        struct{ Percentiles map[string]float64 } // in microseconds
		}
	}
	if err := json.Unmarshal([]byte(printed), &b); err != nil {
		return closed.Report{}, err
	}
	r := b.Result
	failures := r.Req1xx + r.Req3xx + r.Req4xx + r.Req5xx + r.Others
	total := r.Req2xx + failures
	latency := r.Latency.Percentiles
	return closed.Report{Requests: total, Rate: float64(total) / r.TimeTakenSeconds, P50: latency["50"] / 1e6, P99: latency["99"] / 1e6, Failures: failures}, nil
}

func k6Arguments(t task) ([]string, error) {
	script, request := t.path("script.js"), fmt.Sprintf("http.get('%s')", t.url)
	if t.body != "" {
		request = fmt.Sprintf("http.post('%s', 'x'.repeat(%d))", t.url, t.upload)
	}
	content := fmt.Sprintf(`import http from 'k6/http';
export const options = {
  discardResponseBodies: true, insecureSkipTLSVerify: true, noConnectionReuse: %t,
  scenarios: {load: {executor: 'constant-vus', vus: %d, duration: '%ds', gracefulStop: '5s'}},
};
export default function () { %s; }
`, t.perAnswer, t.inFlight, t.seconds, request)
	return []string{
		"run", "--quiet", "--no-usage-report", "--no-color", "--log-output", "none", "--address", "",
		"--summary-trend-stats", "med,p(99)", "--summary-export", t.path("summary.json"), script,
	}, os.WriteFile(script, []byte(content), 0o600)
}

func parseK6(_ context.Context, t task, _ string) (closed.Report, error) {
	var k struct {
		Metrics struct {
			Duration map[string]float64   `json:"http_req_duration"` // in milliseconds
			Requests struct{ Count int }  `json:"http_reqs"`
			Failed   struct{ Passes int } `json:"http_req_failed"`
		}
	}
	if err := readJSON(t.path("summary.json"), &k); err != nil {
		return closed.Report{}, err
	}
	n := k.Metrics.Requests.Count
	return closed.Report{
		Requests: n, Rate: float64(n) / float64(t.seconds), P50: k.Metrics.Duration["med"] / 1e3, P99: k.Metrics.Duration["p(99)"] / 1e3, Failures: k.Metrics.Failed.Passes,
	}, nil
}

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

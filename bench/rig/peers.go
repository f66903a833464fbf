package rig

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// Vegeta attacks at a constant rate.
type Vegeta struct{ rig *Rig }

// K6 runs the executor constant-arrival-rate.
type K6 struct{}

// Fortio divides the rate among its connections.
type Fortio struct{}

// Wrk sends as many requests as it can.
type Wrk struct{}

// ClosedPeers returns the installed load generators that can do without a rate.
func (r *Rig) ClosedPeers() []Client {
	found := r.Peers()
	if _, err := exec.LookPath(Wrk{}.Name()); err == nil {
		found = append(found, Wrk{})
	}
	return found
}

// Peers returns the installed load generators that can hold a rate.
func (r *Rig) Peers() []Client {
	var found []Client
	for _, c := range []Client{Vegeta{r}, K6{}, Fortio{}} {
		if _, err := os.Stat(r.Peer(c.Name())); err == nil {
			found = append(found, c)
		}
	}
	return found
}

// Name of the program.
func (Vegeta) Name() string { return "vegeta" }

func (Vegeta) warmUp(Load) int { return 0 }

func (v Vegeta) command(r *Rig, l Load, dir string) ([]string, error) {
	targets := filepath.Join(dir, "targets")
	err := os.WriteFile(targets, []byte("GET "+l.URL+"\n"), 0o600)
	return []string{
		r.Peer(v.Name()), "attack", "-targets", targets, "-output", filepath.Join(dir, "results"),
		"-rate", fmt.Sprintf("%d/1s", l.Rate), "-duration", l.Duration.String(), "-max-workers", strconv.Itoa(l.InFlight),
	}, err
}

// finish takes the latencies from vegeta's own record of every request, the source of its report.
func (v Vegeta) finish(ctx context.Context, p *Process, dir string) (Report, error) {
	if err := p.Wait(ctx); err != nil {
		return Report{}, err
	}
	records := filepath.Join(dir, "records.csv")
	encode := exec.CommandContext(ctx, v.rig.Peer(v.Name()), "encode", "--to", "csv", "--output", records, filepath.Join(dir, "results"))
	if out, err := encode.CombinedOutput(); err != nil {
		return Report{}, fmt.Errorf("vegeta encode: %w: %s", err, out)
	}
	f, err := os.Open(records)
	if err != nil {
		return Report{}, err
	}
	defer f.Close()
	const latency = 2 // the column
	var latencies []time.Duration
	for rows := csv.NewReader(f); ; {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return Report{Latency: QuantilesOf(latencies), Requests: len(latencies)}, nil
		} else if err != nil {
			return Report{}, err
		}
		nanoseconds, err := strconv.ParseInt(row[latency], 10, 64)
		if err != nil {
			return Report{}, err
		}
		latencies = append(latencies, time.Duration(nanoseconds))
	}
}

// Name of the program.
func (K6) Name() string { return "k6" }

func (K6) warmUp(Load) int { return 0 }

func (k K6) command(r *Rig, l Load, dir string) ([]string, error) {
	script := filepath.Join(dir, "script.js")
	err := os.WriteFile(script, fmt.Appendf(nil, `import http from 'k6/http';
export const options = {
  discardResponseBodies: true,
  scenarios: {load: {%s}},
};
export default function () { http.get('%s'); }
`, k.scenario(l), l.URL), 0o600)
	return []string{
		r.Peer(k.Name()), "run", "--quiet", "--no-usage-report", "--no-color", "--log-output", "none", "--address", "",
		"--summary-trend-stats", "med,p(90),p(99),p(99.9),max", "--summary-export", filepath.Join(dir, "summary.json"), script,
	}, err
}

func (K6) scenario(l Load) string {
	if l.Rate == 0 {
		return fmt.Sprintf("executor: 'constant-vus', vus: %d, duration: '%s'", l.InFlight, l.Duration)
	}
	return fmt.Sprintf("executor: 'constant-arrival-rate', rate: %d, timeUnit: '1s', duration: '%s', preAllocatedVUs: %d, maxVUs: %[3]d",
		l.Rate, l.Duration, l.InFlight)
}

func (K6) finish(ctx context.Context, p *Process, dir string) (Report, error) {
	if err := p.Wait(ctx); err != nil {
		return Report{}, err
	}
	var summary struct {
		Metrics struct {
			Duration map[string]float64  `json:"http_req_duration"` // in milliseconds
			Requests struct{ Count int } `json:"http_reqs"`
		}
	}
	if err := readJSON(filepath.Join(dir, "summary.json"), &summary); err != nil {
		return Report{}, err
	}
	at := func(name string) time.Duration {
		return time.Duration(summary.Metrics.Duration[name] * float64(time.Millisecond))
	}
	latency := Quantiles{P50: at("med"), P90: at("p(90)"), P99: at("p(99)"), P999: at("p(99.9)"), Max: at("max")}
	return Report{Latency: latency, Requests: summary.Metrics.Requests.Count}, nil
}

// Name of the program.
func (Fortio) Name() string { return "fortio" }

// warmUp is one request on each connection.
func (Fortio) warmUp(l Load) int { return l.InFlight }

func (f Fortio) command(r *Rig, l Load, dir string) ([]string, error) {
	return []string{
		r.Peer(f.Name()), "load", "-loglevel", "Error", "-qps", strconv.Itoa(l.Rate), "-t", l.Duration.String(),
		"-c", strconv.Itoa(l.InFlight), "-uniform", "-r", "0.0001", "-p", "50,90,99,99.9",
		"-json", filepath.Join(dir, "summary.json"), l.URL,
	}, nil
}

func (Fortio) finish(ctx context.Context, p *Process, dir string) (Report, error) {
	if err := p.Wait(ctx); err != nil {
		return Report{}, err
	}
	var summary struct {
		DurationHistogram struct { // in seconds
			Count       int
			Max         float64
			Percentiles []struct{ Percentile, Value float64 }
		}
	}
	if err := readJSON(filepath.Join(dir, "summary.json"), &summary); err != nil {
		return Report{}, err
	}
	h := summary.DurationHistogram
	at := map[float64]time.Duration{}
	for _, p := range h.Percentiles {
		at[p.Percentile] = seconds(p.Value)
	}
	latency := Quantiles{P50: at[50], P90: at[90], P99: at[99], P999: at[99.9], Max: seconds(h.Max)}
	return Report{Latency: latency, Requests: h.Count}, nil
}

// Name of the program.
func (Wrk) Name() string { return "wrk" }

func (Wrk) warmUp(Load) int { return 0 }

func (w Wrk) command(_ *Rig, l Load, dir string) ([]string, error) {
	if l.Rate > 0 {
		return nil, errors.New("wrk cannot hold a rate")
	}
	return []string{
		"sh", "-c", `out=$1; shift; exec "$@" >"$out"`, "sh", filepath.Join(dir, "printed"),
		w.Name(), "--latency", "-t1", "-c", strconv.Itoa(l.InFlight), "-d", strconv.Itoa(int(l.Duration.Seconds())), l.URL,
	}, nil
}

// finish reads the output of wrk: two quantiles; the others are unknown.
func (Wrk) finish(ctx context.Context, p *Process, dir string) (Report, error) {
	if err := p.Wait(ctx); err != nil {
		return Report{}, err
	}
	printed, err := os.ReadFile(filepath.Join(dir, "printed"))
	if err != nil {
		return Report{}, err
	}
	return parseWrk(string(printed))
}

var wrkLine = regexp.MustCompile(`(?m)^\s+(50|99)%\s+(\S+)$|(\d+) requests in`)

func parseWrk(printed string) (Report, error) {
	var r Report
	for _, found := range wrkLine.FindAllStringSubmatch(printed, -1) {
		var err error
		switch found[1] {
		case "50":
			r.Latency.P50, err = time.ParseDuration(found[2])
		case "99":
			r.Latency.P99, err = time.ParseDuration(found[2])
		default:
			r.Requests, err = strconv.Atoi(found[3])
		}
		if err != nil {
			return r, fmt.Errorf("wrk: %w", err)
		}
	}
	if r.Requests == 0 {
		return r, fmt.Errorf("wrk has printed no number of requests: %q", printed)
	}
	return r, nil
}

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

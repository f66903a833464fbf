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
	"strconv"
	"time"
)

// Vegeta attacks at a constant rate.
type Vegeta struct{ rig *Rig }

// K6 runs the executor constant-arrival-rate.
type K6 struct{}

// Fortio divides the rate among its connections.
type Fortio struct{}

// Peers returns the load generators that are there and can hold a rate.
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

// finish takes the latencies from vegeta's own record of every request, which its report
// is made of.
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
  scenarios: {load: {
    executor: 'constant-arrival-rate', rate: %d, timeUnit: '1s', duration: '%s', preAllocatedVUs: %d, maxVUs: %[3]d,
  }},
};
export default function () { http.get('%s'); }
`, l.Rate, l.Duration, l.InFlight, l.URL), 0o600)
	return []string{
		r.Peer(k.Name()), "run", "--quiet", "--no-usage-report", "--no-color", "--log-output", "none", "--address", "",
		"--summary-trend-stats", "med,p(90),p(99),p(99.9),max", "--summary-export", filepath.Join(dir, "summary.json"), script,
	}, err
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

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }

func readJSON(path string, into any) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}

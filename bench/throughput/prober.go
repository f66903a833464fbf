package throughput

import (
	"context"
	"fmt"
	"math"
	"time"

	"example.com/prober/bench/rig"
)

// prober is the daemon with a closed burst, as its users run it.
type prober struct {
	// executable is another than that of the rig, if it is not empty.
	executable string
}

func (p prober) name() string {
	if p.executable == "" {
		return "prober"
	}
	return beforeName
}

// beforeName is what another prober than that of the rig is called.
const beforeName = "prober before"

func (prober) does(load) bool { return true }

// pause lies between the end of a burst and the start of the next. Within it the numbers
// are read and the daemon is ended.
const pause = time.Second

func (p prober) start(ctx context.Context, b *bench, l load, _ string) (*attempt, error) {
	start := b.rig.StartDaemon
	if p.executable != "" {
		start = func(ctx context.Context, config string) (*rig.Daemon, error) {
			return b.rig.StartOther(ctx, p.executable, config)
		}
	}
	d, err := start(ctx, p.config(b, l))
	if err != nil {
		return nil, err
	}
	finish := func(ctx context.Context) (report, error) {
		// To be asked while the load goes on would be part of it.
		if err := rig.Sleep(ctx, b.duration/5+pause/5); err != nil {
			return report{}, err
		}
		m, err := burst(ctx, d)
		if err != nil {
			return report{}, err
		}
		return p.report(m), d.Stop(ctx)
	}
	return &attempt{d.Process, finish}, nil
}

func (prober) config(b *bench, l load) string {
	_, url := b.servers.of(l)
	connection, request := "http_version: 1.1", ""
	switch {
	case l.http2 && l.tls:
		connection = "http_version: 2"
	case l.http2:
		connection = "http_version: h2c"
	}
	if l.http2 {
		connection += fmt.Sprintf(", streams_per_connection: %d", l.inFlight)
	}
	if l.perAnswer {
		connection += ", reuse: never"
	}
	if l.tls {
		connection += ", tls: {ca_file: " + b.servers.certificate() + "}"
	}
	if l.upload > 0 {
		request = "\n  request: {method: POST, body_file: " + b.servers.body(l.content) + "}"
	}
	return fmt.Sprintf(`targets:
- name: bench
  url: %s
  interval: %s
  burst: {duration: %s, concurrency: %d}
  connection: {%s}
  expect: {status: [200]}%s
`, url, b.duration+pause, b.duration, l.inFlight, connection, request)
}

// burst returns what the daemon has counted when its first burst is over.
func burst(ctx context.Context, d *rig.Daemon) (rig.Metrics, error) {
	for {
		m, err := d.Scrape(ctx)
		if err != nil || m.Value("prober_bursts_total") > 0 {
			return m, err
		}
		if err := rig.Sleep(ctx, 50*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

func (prober) report(m rig.Metrics) report {
	latency := m.Histogram("prober_request_duration_seconds")
	quantiles := latency.Quantiles()
	r := report{
		requests: int(latency.Count()),
		rate:     latency.Count() / m["prober_burst_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleSum(),
		p50:      quantiles.P50.Seconds(),
		p99:      quantiles.P99.Seconds(),
	}
	for _, failures := range m["prober_requests_total"].GetMetric() {
		for _, label := range failures.GetLabel() {
			if label.GetName() == "error_code" && label.GetValue() != "0" {
				r.failures += int(math.Round(failures.GetCounter().GetValue()))
			}
		}
	}
	return r
}

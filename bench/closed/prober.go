package closed

import (
	"context"
	"math"
	"time"

	"example.com/prober/bench/rig"
)

// Pause is the time between the bursts of the prober. Within it the metrics are read and the daemon is ended.
const Pause = time.Second

// Prober returns the attempt of a daemon with one target. Its bursts have the length d, and [Pause] between them.
func Prober(daemon *rig.Daemon, d time.Duration) *Attempt {
	finish := func(ctx context.Context) (Report, error) {
		// A scrape during the load would be part of it.
		if err := rig.Sleep(ctx, d/5+Pause/5); err != nil {
			return Report{}, err
		}
		m, err := burst(ctx, daemon)
		if err != nil {
			return Report{}, err
		}
		return reportOf(m), daemon.Stop(ctx)
	}
	return &Attempt{daemon.Process, finish}
}

// burst returns the daemon's metrics after its first burst.
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

func reportOf(m rig.Metrics) Report {
	latency := m.Histogram("prober_request_duration_seconds")
	quantiles := latency.Quantiles()
	r := Report{
		Requests: int(latency.Count()),
		Rate:     latency.Count() / m["prober_burst_duration_seconds"].GetMetric()[0].GetHistogram().GetSampleSum(),
		P50:      quantiles.P50.Seconds(),
		P99:      quantiles.P99.Seconds(),
	}
	for _, failures := range m["prober_requests_total"].GetMetric() {
		for _, label := range failures.GetLabel() {
			if label.GetName() == "error_code" && label.GetValue() != "0" {
				r.Failures += int(math.Round(failures.GetCounter().GetValue()))
			}
		}
	}
	return r
}

// Package scale measures the cost of many targets.
package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"example.com/prober/bench/rig"
)

// span is the time for watching a daemon.
const span = 20 * time.Second

// Aims of the prober.
const (
	aimIdleMemory = 512 << 20 // bytes
	aimIdleCPU    = 0.05      // of a core
	aimBusyLag    = 5 * time.Millisecond
)

// figures are the costs of a daemon.
type figures struct {
	cpu       float64 // cores, without scrapes
	unscraped int64   // bytes in memory before the first scrape
	scraped   int64   // bytes in memory after some scrapes, at most
	scrapeCPU time.Duration
	series    int
	requests  float64 // since the start
	lag       rig.Quantiles
}

// Run measures a daemon with many idle targets, one with many busy ones, and some of growing size. It returns a section
// of the results and its chart.
func Run(ctx context.Context, r *rig.Rig, progress io.Writer) (section, drawn string, err error) {
	const idleTargets, busyTargets = 10_000, 1_000
	idle, err := watch(ctx, r, idleTargets, "interval: 24h", progress)
	if err != nil {
		return "", "", err
	}
	busy, err := watch(ctx, r, busyTargets, "interval: 10s\n  burst: {requests: 10, rate: 100}", progress)
	if err != nil {
		return "", "", err
	}
	growth, drawn, err := grow(ctx, r, progress)
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, introduction, span, idleTargets, busyTargets)
	t := rig.Table{Columns: []string{"", "10,000 idle", "1,000 busy"}}
	row := func(name string, write func(f figures) string) { t.Add(name, write(idle), write(busy)) }
	row("CPU while not scraped, of a core", func(f figures) string { return percent(f.cpu) })
	row("memory before the first scrape", func(f figures) string { return mebibytes(f.unscraped) })
	row("memory with scrapes, at most", func(f figures) string { return mebibytes(f.scraped) })
	row("time series", func(f figures) string { return strconv.Itoa(f.series) })
	row("CPU of a scrape", func(f figures) string { return rig.Time(f.scrapeCPU) })
	row("requests", func(f figures) string { return fmt.Sprintf("%.0f", f.requests) })
	row("schedule lag p50", func(f figures) string { return lag(f.lag.P50) })
	row("schedule lag p99", func(f figures) string { return lag(f.lag.P99) })
	row("schedule lag, at most", func(f figures) string { return lag(f.lag.Max) })
	fmt.Fprintf(&b, "\n%s\n### Aims\n\n%s%s", &t, judge(idle, busy), growth)
	return b.String(), drawn, nil
}

const introduction = `## Scale: what do many targets cost?

The daemon on one core, watched for %v after it has started all its targets. Idle: %d targets whose interval is a day.
Busy: %d targets, each with an open burst of 10 requests within a tenth of a second every 10 s; the server answers
at once. The lag is what the prober reports, from the due time of each request to its start. Afterwards it is scraped
a few times, with native histograms.
`

func judge(idle, busy figures) *rig.Table {
	t := &rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	memory := "10,000 idle targets: memory below " + mebibytes(aimIdleMemory)
	t.Add(memory, mebibytes(idle.unscraped), rig.Verdict(idle.unscraped < aimIdleMemory))
	t.Add(memory+" with scrapes", mebibytes(idle.scraped), rig.Verdict(idle.scraped < aimIdleMemory))
	t.Add("10,000 idle targets: CPU below "+percent(aimIdleCPU), percent(idle.cpu), rig.Verdict(idle.cpu < aimIdleCPU))
	t.Add(fmt.Sprintf("1,000 busy targets: schedule lag p99 below %v", aimBusyLag), lag(busy.lag.P99), rig.Verdict(busy.lag.P99 < aimBusyLag))
	return t
}

// watch runs a daemon with so many targets and returns its costs.
func watch(ctx context.Context, r *rig.Rig, targets int, schedule string, progress io.Writer) (figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, span+2*time.Minute, errors.New("it took too long"))
	defer cancel()
	server, err := r.StartServer(ctx, rig.Service{}, 0)
	if err != nil {
		return figures{}, err
	}
	var config strings.Builder
	config.WriteString("targets:\n")
	for i := range targets {
		fmt.Fprintf(&config, "- name: target-%d\n  url: %s%d\n  %s\n", i, server.URL, i, schedule)
	}
	daemon, err := r.StartDaemon(ctx, config.String())
	if err != nil {
		return figures{}, err
	}
	f, err := observe(ctx, daemon)
	if err != nil {
		return figures{}, err
	}
	fmt.Fprintf(progress, "scale, %d targets: %+v\n", targets, f)
	_, stopErr := server.Stop(ctx)
	return f, errors.Join(daemon.Stop(ctx), stopErr)
}

func observe(ctx context.Context, d *rig.Daemon) (f figures, err error) {
	const settling = 3 * time.Second
	if err := errors.Join(d.AwaitReady(ctx), rig.Sleep(ctx, settling)); err != nil {
		return f, err
	}
	start := time.Now()
	used, err := usage(d, func() error { return rig.Sleep(ctx, span) })
	if err != nil {
		return f, err
	}
	f.cpu = used.Seconds() / time.Since(start).Seconds()
	if f.unscraped, _, err = d.Memory(); err != nil {
		return f, err
	}
	var m rig.Metrics
	const scrapes = 3
	used, err = usage(d, func() (err error) {
		for i := 0; i < scrapes && err == nil; i++ {
			m, err = d.Scrape(ctx)
		}
		return err
	})
	if err != nil {
		return f, err
	}
	f.scrapeCPU = used / scrapes
	f.series, f.requests = m.Series(), m.Value("prober_requests_total")
	f.lag = m.Histogram("prober_schedule_lag_seconds").Quantiles()
	_, f.scraped, err = d.Memory()
	return f, err
}

// usage returns the run time of the daemon during do.
func usage(d *rig.Daemon, do func() error) (time.Duration, error) {
	before, err := d.CPU()
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		return 0, err
	}
	after, err := d.CPU()
	return after - before, err
}

func percent(share float64) string { return fmt.Sprintf("%.2g %%", share*100) }

func mebibytes(n int64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

// lag writes a lag; closed bursts have none.
func lag(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return rig.Time(d)
}

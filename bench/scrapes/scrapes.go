// Package scrapes measures the cost of a scrape, and the effect of a crowd of scrapers on the load.
package scrapes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"example.com/prober/bench/rig"
)

const (
	targets = 1000
	every   = time.Second // from one scrape, or crowd of scrapes, to the next
	rounds  = 30
	crowd   = 50 // scrapers at once
	stuck   = 5  // scrapers that never read

	aimDuration = 250 * time.Millisecond
	// aimLag is the additional lag at the 99th percentile that counts as undisturbed.
	aimLag = time.Millisecond
)

// phase is a time with one kind of scraping.
type phase struct {
	name     string
	scrapers int
	lag      rig.Quantiles
	took     []time.Duration
	cpu      float64 // cores
	memory   int64   // in use at the end, bytes
}

// Run measures a daemon with busy targets, alone, with one scraper and with many.
func Run(ctx context.Context, r *rig.Rig, progress io.Writer) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Minute, errors.New("it took too long"))
	defer cancel()
	server, err := r.StartServer(ctx, rig.Service{Mixed: true}, 0)
	if err != nil {
		return "", err
	}
	daemon, err := r.StartDaemon(ctx, configuration(server.URL))
	if err != nil {
		return "", err
	}
	phases := []*phase{
		{name: "nobody scrapes"},
		{name: "one scraper", scrapers: 1},
		{name: fmt.Sprintf("%d scrapers at once", crowd), scrapers: crowd},
		{name: fmt.Sprintf("%d at once, and %d that never read", crowd, stuck), scrapers: crowd},
		{name: "nobody again"},
	}
	series, err := watch(ctx, daemon, phases, progress)
	if err != nil {
		return "", err
	}
	_, stopErr := server.Stop(ctx)
	return report(phases, series), errors.Join(daemon.Stop(ctx), stopErr)
}

func configuration(url string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for i := range targets {
		fmt.Fprintf(&b, "- {name: target-%d, url: %s%d, interval: 5s, burst: {requests: 10, rate: 100}}\n", i, url, i)
	}
	return b.String()
}

// watch runs the phases and returns the number of series at the end.
func watch(ctx context.Context, d *rig.Daemon, phases []*phase, progress io.Writer) (series int, err error) {
	const settling = 15 * time.Second // three bursts; by then every code has occurred
	if err := errors.Join(d.AwaitReady(ctx), rig.Sleep(ctx, settling)); err != nil {
		return 0, err
	}
	before, err := d.Scrape(ctx)
	for i, p := range phases {
		if i == 3 && err == nil {
			err = d.AskAndNeverRead(ctx, stuck)
		}
		if err != nil {
			return 0, err
		}
		var after rig.Metrics
		if after, err = p.run(ctx, d); err == nil {
			const lag = "prober_schedule_lag_seconds"
			p.lag = after.Histogram(lag).Since(before.Histogram(lag)).Quantiles()
			fmt.Fprintf(progress, "scrapes, %s: lag %v, took %v, %.3f cores, %d bytes\n", p.name, p.lag, rig.QuantilesOf(p.took), p.cpu, p.memory)
		}
		before = after
	}
	return before.Series(), err
}

// run lets the phase's scrapers scrape and returns the metrics at its end.
func (p *phase) run(ctx context.Context, d *rig.Daemon) (rig.Metrics, error) {
	start := time.Now()
	cpu, err := d.CPU()
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	for i := 0; i < rounds && err == nil; i++ {
		<-ticks.C
		err = p.scrape(ctx, d)
	}
	if err != nil {
		return nil, err
	}
	after, err := d.CPU()
	p.cpu = (after - cpu).Seconds() / time.Since(start).Seconds()
	resident, _, memoryErr := d.Memory()
	p.memory = resident
	m, scrapeErr := d.Scrape(ctx)
	return m, errors.Join(err, memoryErr, scrapeErr)
}

// scrape has all scrapers scrape at once.
func (p *phase) scrape(ctx context.Context, d *rig.Daemon) error {
	took, errs := make([]time.Duration, p.scrapers), make([]error, p.scrapers)
	var scraping sync.WaitGroup
	for i := range p.scrapers {
		scraping.Go(func() {
			start := time.Now()
			errs[i] = d.Fetch(ctx)
			took[i] = time.Since(start)
		})
	}
	scraping.Wait()
	p.took = append(p.took, took...)
	return errors.Join(errs...)
}

const introduction = `## Scrapes: what does a scrape cost, and whom does it disturb?

The daemon on one core, with %d targets that fire 10 requests within a tenth of a second every 5 s; of the answers every
fifth has status 200, 404, 429, 500 or 503. %d rounds, one every %v; in each, so many scrapers ask at once for protocol
buffers with gzip, as Prometheus does. The time that a scrape takes is the scraper's, to its last byte; the scrapers run
on the other core, beside the server. The lag is what the prober reports of its requests in that time.
`

func report(phases []*phase, series int) string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, targets, rounds, every)
	fmt.Fprintf(&b, "There are %d series.\n\n", series)
	t := rig.Table{Columns: []string{"", "scrape p50", "scrape p99", "scrape, at most", "lag p50", "lag p99", "CPU, of a core", "memory"}}
	for _, p := range phases {
		took := rig.QuantilesOf(p.took)
		t.Add(p.name, duration(took.P50), duration(took.P99), duration(took.Max), rig.Time(p.lag.P50), rig.Time(p.lag.P99),
			fmt.Sprintf("%.0f %%", p.cpu*100), fmt.Sprintf("%.0f MiB", float64(p.memory)/(1<<20)))
	}
	alone, one, many := phases[0], phases[1], phases[3]
	aims := rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	p99 := rig.QuantilesOf(one.took).P99
	aims.Add(fmt.Sprintf("%d targets with five codes each: scrape p99 below %v", targets, aimDuration), rig.Time(p99), rig.Verdict(p99 < aimDuration))
	for _, p := range []*phase{one, many} {
		aims.Add(fmt.Sprintf("%s: lag p99 at most %v more", p.name, aimLag), rig.Time(max(p.lag.P99-alone.lag.P99, 0)), rig.Verdict(p.lag.P99 < alone.lag.P99+aimLag))
	}
	fmt.Fprintf(&b, "%s\n### Aims\n\n%s", &t, &aims)
	return b.String()
}

func duration(d time.Duration) string {
	if d == 0 {
		return "–"
	}
	return rig.Time(d)
}

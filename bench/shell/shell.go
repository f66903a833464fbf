// Package shell measures whether visitors of the status page disturb the load.
package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/prober/bench/rig"
)

const (
	targets = 50
	// Each target fires a burst almost as long as its interval.
	schedule = "interval: 2s, timeout: 5s, burst: {rate: 105, duration: 1900ms, concurrency: 20}"
	visits   = 200 // per second
	visitors = 20  // connections
	length   = 6 * time.Second
	// resolution is the greatest error of the prober's histograms.
	resolution = 1.1
)

// crowd is a way to visit the pages.
type crowd struct {
	name string
	path func(i int) string // path of visit i; nil without visits

	p50, p99, cpu rig.Rounds // lag in seconds, cores
	rate          rig.Rounds // requests of bursts per second
	took          []time.Duration
	bytes         int64
}

func crowds() []*crowd {
	target := func(i int) string { return fmt.Sprintf("target-%d", i%targets) }
	return []*crowd{
		{name: "nobody visits"},
		{name: "the overview", path: func(int) string { return "/" }},
		{name: "the page of each target in turn", path: func(i int) string { return "/targets/" + target(i) }},
		{name: "the overview, filtered, each time in another way", path: func(i int) string { return fmt.Sprintf("/?q=%d", i) }},
		{name: "the API, of each target in turn", path: func(i int) string { return "/api/v1/targets/" + target(i) }},
		{name: "the configuration", path: func(int) string { return "/config" }},
	}
}

// Run measures a daemon whose bursts hardly rest, with and without visitors, in turn.
func Run(ctx context.Context, r *rig.Rig, rounds int, progress io.Writer) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 20*time.Minute, errors.New("it took too long"))
	defer cancel()
	server, err := r.StartServer(ctx, rig.Service{}, 0)
	if err != nil {
		return "", err
	}
	daemon, err := r.StartDaemon(ctx, configuration(server.URL))
	if err != nil {
		return "", err
	}
	all := crowds()
	if err := watch(ctx, daemon, all, rounds, progress); err != nil {
		return "", err
	}
	_, stopErr := server.Stop(ctx)
	return report(all, rounds), errors.Join(daemon.Stop(ctx), stopErr)
}

func configuration(url string) string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for i := range targets {
		fmt.Fprintf(&b, "- {name: target-%d, url: %s%d, %s}\n", i, url, i, schedule)
	}
	return b.String()
}

// watch lets each crowd visit once in each round.
func watch(ctx context.Context, d *rig.Daemon, all []*crowd, rounds int, progress io.Writer) error {
	const settling = 5 * time.Second
	if err := errors.Join(d.AwaitReady(ctx), rig.Sleep(ctx, settling)); err != nil {
		return err
	}
	for range rounds {
		for _, c := range all {
			if err := c.visit(ctx, d); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			fmt.Fprintf(progress, "shell, %s: lag p99 %v, %v cores, visits %v\n", c.name, c.p99, c.cpu, rig.QuantilesOf(c.took))
		}
	}
	return nil
}

// visit lets the crowd visit for a while and adds the daemon's figures of that time.
func (c *crowd) visit(ctx context.Context, d *rig.Daemon) error {
	before, err := d.Scrape(ctx)
	if err != nil {
		return err
	}
	used, err := d.CPU()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := c.come(ctx, d); err != nil {
		return err
	}
	passed := time.Since(start).Seconds()
	after, err := d.CPU()
	if err != nil {
		return err
	}
	m, err := d.Scrape(ctx)
	if err != nil {
		return err
	}
	const lag = "prober_schedule_lag_seconds"
	q := m.Histogram(lag).Since(before.Histogram(lag)).Quantiles()
	c.p50, c.p99 = append(c.p50, q.P50.Seconds()), append(c.p99, q.P99.Seconds())
	c.cpu = append(c.cpu, (after-used).Seconds()/passed)
	const requests = "prober_requests_total"
	c.rate = append(c.rate, (m.Value(requests)-before.Value(requests))/passed)
	return nil
}

// come sends the visits at regular intervals, however long the answers take.
func (c *crowd) come(ctx context.Context, d *rig.Daemon) error {
	if c.path == nil {
		return rig.Sleep(ctx, length)
	}
	v, err := d.NewVisitor(visitors)
	if err != nil {
		return err
	}
	defer v.Close()
	count := int(length.Seconds() * visits)
	took, bytes, errs := make([]time.Duration, count), make([]int64, count), make([]error, count)
	ticks := time.NewTicker(time.Second / visits)
	defer ticks.Stop()
	var visiting sync.WaitGroup
	for i := range count {
		<-ticks.C
		visiting.Go(func() {
			start := time.Now()
			bytes[i], errs[i] = v.Visit(ctx, c.path(i))
			took[i] = time.Since(start)
		})
	}
	visiting.Wait()
	c.took, c.bytes = append(c.took, took...), slices.Max(bytes)
	return errors.Join(errs...)
}

const introduction = `## Shell: do visitors of the status page disturb the load?

The daemon on one core, with %d targets that together send about 5,000 requests per second without a pause. %d visits per
second, on %d connections, at even distances for %v; %d rounds, each with all the crowds one after the other. The
visitors run on the other core, beside the server. The lag is what the prober reports of its requests in that time: the
median of the rounds, and in brackets the least and the greatest.
`

func report(all []*crowd, rounds int) string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, targets, visits, visitors, length, rounds)
	t := rig.Table{Columns: []string{"who visits what", "lag p50", "lag p99", "visit p50", "visit p99", "size", "CPU, of a core", "requests/s"}}
	aims := rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	noise := slices.Max(all[0].p99) * resolution
	for i, c := range all {
		visit := rig.QuantilesOf(c.took)
		p50, p99, size := "–", "–", "–"
		if c.path != nil {
			p50, p99, size = rig.Time(visit.P50), rig.Time(visit.P99), fmt.Sprintf("%.0f KiB", float64(c.bytes)/1024)
		}
		t.Add(c.name, rig.WithSpread(c.p50, rig.Micros), rig.WithSpread(c.p99, rig.Micros), p50, p99, size,
			fmt.Sprintf("%.0f %%", c.cpu.Median()*100), fmt.Sprintf("%.0f", c.rate.Median()))
		if i > 0 {
			aims.Add(fmt.Sprintf("%s: lag p99 as in a round without visitors, at most %s", c.name, rig.Micros(noise)),
				rig.Micros(c.p99.Median()), rig.Verdict(c.p99.Median() <= noise))
		}
	}
	fmt.Fprintf(&b, "\n%s\n### Aims\n\n%s", &t, &aims)
	return b.String()
}

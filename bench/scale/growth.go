package scale

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/prober/bench/chart"
	"example.com/prober/bench/rig"
)

// aimGrowth bounds the growth of a cost from one size to the next, relative to the growth in proportion. It leaves room
// for the noise of a measurement.
const aimGrowth = 1.15

// point is the cost of a daemon at one size.
type point struct {
	size   int // targets or connections
	cpu    float64
	memory int64
	// Only for targets:
	series    int
	scrapeCPU time.Duration
}

// grow measures a daemon of growing size, and returns tables, aims and a chart.
func grow(ctx context.Context, r *rig.Rig, progress io.Writer) (text, drawn string, err error) {
	sizes := []int{10, 100, 1000, 10_000}
	targets, err := measureEach(ctx, r, sizes, withTargets, progress)
	if err != nil {
		return "", "", err
	}
	connections, err := measureEach(ctx, r, append([]int{1}, sizes...), withConnections, progress)
	if err != nil {
		return "", "", err
	}
	curves := curvesOf(targets, connections)
	text = fmt.Sprintf(growthIntroduction, tableOfTargets(targets), tableOfConnections(connections), judgeGrowth(curves))
	return text, chart.Lines{Title: "Cost against size, both relative to the smallest", X: "targets, series or connections, relative to the fewest", Lines: curves}.String(), nil
}

const growthIntroduction = `
### Growth

Targets that each send one request every ten seconds:

%s
One target with so many connections, on each of which one request after the other is answered after as many milliseconds as there are
connections: a thousand requests per second in any case, or less where there is not time for that many:

%s
![costs against sizes, on logarithmic scales](scale.svg)

%s`

func measureEach(ctx context.Context, r *rig.Rig, sizes []int, measure func(context.Context, *rig.Rig, int) (point, error), progress io.Writer) ([]point, error) {
	var points []point
	for _, size := range sizes {
		p, err := measure(ctx, r, size)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", size, err)
		}
		fmt.Fprintf(progress, "scale, %+v\n", p)
		points = append(points, p)
	}
	return points, nil
}

// withTargets runs a daemon with so many targets.
func withTargets(ctx context.Context, r *rig.Rig, n int) (p point, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, errors.New("it took too long"))
	defer cancel()
	server, err := r.StartServer(ctx, rig.Service{}, 0)
	if err != nil {
		return p, err
	}
	var config strings.Builder
	config.WriteString("targets:\n")
	for i := range n {
		fmt.Fprintf(&config, "- {name: target-%d, url: %s%d, interval: 10s, burst: {requests: 1}}\n", i, server.URL, i)
	}
	daemon, err := r.StartDaemon(ctx, config.String())
	if err != nil {
		return p, err
	}
	const round = 10 * time.Second // each target has its burst in this time
	if err := errors.Join(daemon.AwaitReady(ctx), rig.Sleep(ctx, round+time.Second)); err != nil {
		return p, err
	}
	p.size = n
	if err := p.observe(ctx, daemon, round); err != nil {
		return p, err
	}
	const scrapes = 3
	used, err := usage(daemon, func() (err error) {
		for i := 0; i < scrapes && err == nil; i++ {
			err = daemon.Fetch(ctx)
		}
		return err
	})
	p.scrapeCPU = used / scrapes
	m, scrapeErr := daemon.Scrape(ctx)
	p.series = m.Series()
	_, stopErr := server.Stop(ctx)
	return p, errors.Join(err, scrapeErr, daemon.Stop(ctx), stopErr)
}

// withConnections runs a daemon with one target of n connections.
func withConnections(ctx context.Context, r *rig.Rig, n int) (p point, err error) {
	delay := time.Duration(n) * time.Millisecond
	watched := max(4*time.Second, delay) // each connection has an answer in that time
	length := delay + watched + 4*time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, 3*length+time.Minute, errors.New("it took too long"))
	defer cancel()
	server, err := r.StartServer(ctx, rig.Service{Delay: delay}, 0)
	if err != nil {
		return p, err
	}
	daemon, err := r.StartDaemon(ctx, fmt.Sprintf(
		"targets:\n- {name: bench, url: %q, interval: %v, timeout: 1m, burst: {duration: %v, concurrency: %d}, connection: {connect_timeout: 30s}}\n",
		server.URL, length+time.Second, length, n))
	if err != nil {
		return p, err
	}
	// All connections have been made at the first answers.
	if err := errors.Join(server.AwaitFirst(ctx, daemon.Process), rig.Sleep(ctx, delay+3*time.Second)); err != nil {
		return p, err
	}
	p.size = n
	err = p.observe(ctx, daemon, watched)
	_, stopErr := server.Stop(ctx)
	return p, errors.Join(err, daemon.Stop(ctx), stopErr)
}

func (p *point) observe(ctx context.Context, d *rig.Daemon, during time.Duration) error {
	used, err := usage(d, func() error { return rig.Sleep(ctx, during) })
	p.cpu = used.Seconds() / during.Seconds()
	resident, _, memoryErr := d.Memory()
	p.memory = resident
	return errors.Join(err, memoryErr)
}

func tableOfTargets(points []point) *rig.Table {
	t := &rig.Table{Columns: []string{"targets", "CPU, of a core", "memory", "time series", "CPU of a scrape"}}
	for _, p := range points {
		t.Add(fmt.Sprint(p.size), percent(p.cpu), mebibytes(p.memory), fmt.Sprint(p.series), rig.Time(p.scrapeCPU))
	}
	return t
}

func tableOfConnections(points []point) *rig.Table {
	t := &rig.Table{Columns: []string{"connections", "CPU, of a core", "memory"}}
	for _, p := range points {
		t.Add(fmt.Sprint(p.size), percent(p.cpu), mebibytes(p.memory))
	}
	return t
}

func curvesOf(targets, connections []point) []chart.Line {
	curve := func(name string, points []point, x, y func(point) float64) chart.Line {
		l := chart.Line{Name: name}
		for _, p := range points {
			l.X, l.Y = append(l.X, x(p)), append(l.Y, y(p))
		}
		return l
	}
	size := func(p point) float64 { return float64(p.size) }
	cpu := func(p point) float64 { return p.cpu }
	memory := func(p point) float64 { return float64(p.memory) }
	series := func(p point) float64 { return float64(p.series) }
	scrape := func(p point) float64 { return p.scrapeCPU.Seconds() }
	return []chart.Line{
		curve("CPU against targets", targets, size, cpu),
		curve("memory against targets", targets, size, memory),
		curve("CPU of a scrape against series", targets, series, scrape),
		curve("CPU against connections", connections, size, cpu),
		curve("memory against connections", connections, size, memory),
	}
}

// judgeGrowth finds the step with the fastest growth of each cost.
func judgeGrowth(curves []chart.Line) *rig.Table {
	t := &rig.Table{Columns: []string{"aim of the prober: no faster than in proportion", "fastest step, relative to that", ""}}
	for _, c := range curves {
		fastest := 0.0
		for i := 1; i < len(c.X); i++ {
			fastest = max(fastest, (c.Y[i]/c.Y[i-1])/(c.X[i]/c.X[i-1]))
		}
		t.Add(c.Name, rig.Ratio(fastest), rig.Verdict(fastest <= aimGrowth))
	}
	return t
}

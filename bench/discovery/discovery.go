// Package discovery measures the cost of constant changes among discovered targets, and their effect on other targets.
package discovery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/prober/bench/rig"
)

const (
	targets  = 10_000
	interval = 20 * time.Second // of each target
	rate     = 500              // requests per second of the busy target
	span     = time.Minute
	version  = time.Second      // from one version of the file to the next
	scraped  = 15 * time.Second // from one scrape to the next
	applied  = 5 * time.Second  // --discover.apply-interval, unless it is set
	settling = interval + 5*time.Second

	aimLag     = time.Millisecond              // up to so much more at the 99th percentile counts as undisturbed
	aimGrowth  = 1.1                           // of the memory, from a quarter of the time to its end, relative to that without changes
	aimApplied = applied - 50*time.Millisecond // the log has milliseconds, and is written a little later
)

// results are the figures of each round, by kind.
type results map[kind][]*figures

// Run measures pairs of runs, with and without changes, in turn: on both cores and on one.
func Run(ctx context.Context, r *rig.Rig, rounds int, progress io.Writer) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(rounds)*25*time.Minute, errors.New("it took too long"))
	defer cancel()
	all := results{}
	for i := range rounds {
		for _, onBoth := range []bool{true, false} {
			for j := range 2 {
				k := kind{onBoth, (i+j)%2 == 1}
				f, err := measure(ctx, r, k)
				if err != nil {
					return "", err
				}
				fmt.Fprintf(progress, "discovery, %+v: %+v\n", k, *f)
				all[k] = append(all[k], f)
			}
		}
	}
	return all.report(), nil
}

const introduction = `## Discovery: what do changes cost, and whom do they disturb?

The daemon with %d targets from a file. Each sends a request every %v, and a burst of %d requests per second goes on
beside them all the time. For %v the file is replaced every %v, with %d changes: %d targets go for good and as many
come, %d go and come back, half of them in the next version of the file, half after %d, and the rest get another label, half
of these another URL too. It is compared with the same load without changes, %s. In both the daemon is scraped every %v. On
both cores it shares one with the server and with what writes the file, on one it has that for itself. Then all bursts are
ended by a reload, and what the server has received is held against what the prober has counted.

`

var columns = []struct {
	kind
	name string
}{
	{kind{onBoth: true}, "both cores, no changes"},
	{kind{onBoth: true, changes: true}, fmt.Sprintf("both cores, %d changes/s", changesAtOnce)},
	{kind{}, "one core, no changes"},
	{kind{changes: true}, fmt.Sprintf("one core, %d changes/s", changesAtOnce)},
}

func (all results) report() string {
	var b strings.Builder
	times := "once"
	if n := len(all[kind{}]); n > 1 {
		times = fmt.Sprintf("%d times in turn; the table has the medians", n)
	}
	fmt.Fprintf(&b, introduction, targets, interval, rate, span, version, changesAtOnce, replaced, flapping, late, times, scraped)
	t := rig.Table{Columns: []string{""}}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.name)
	}
	for _, r := range rows() {
		cells := []string{r.name}
		for _, c := range columns {
			cells = append(cells, rig.WithSpread(each(all[c.kind], r.value), r.write))
		}
		t.Add(cells...)
	}
	fmt.Fprintf(&b, "%s\n### Aims\n\n%s", &t, all.judge())
	return b.String()
}

// row is a line of the table.
type row struct {
	name  string
	value func(*figures) float64
	write func(float64) string
}

func rows() []row {
	number := func(v float64) string { return fmt.Sprintf("%.0f", v) }
	mebibytes := func(v float64) string { return fmt.Sprintf("%.0f MiB", v/(1<<20)) }
	percent := func(v float64) string { return fmt.Sprintf("%.0f %%", v*100) }
	return []row{
		{"schedule lag p50", func(f *figures) float64 { return f.lag.P50.Seconds() }, rig.Micros},
		{"schedule lag p99", p99, rig.Micros},
		{"schedule lag p99.9", func(f *figures) float64 { return f.lag.P999.Seconds() }, rig.Micros},
		{"CPU, of a core", func(f *figures) float64 { return f.cpu }, percent},
		{"memory at the start", func(f *figures) float64 { return f.memory[0] }, mebibytes},
		{"memory after a quarter of the time", quarter, mebibytes},
		{"memory at the end", end, mebibytes},
		{"times that what was found was applied", func(f *figures) float64 { return float64(len(f.applied)) }, number},
		{"least time between two of them", func(f *figures) float64 { return f.leastBetween().Seconds() }, between},
		{"targets that were away at some time", func(f *figures) float64 { return float64(f.left) }, number},
		{"requests that the server received", func(f *figures) float64 { return float64(f.received) }, number},
		{"requests that the prober fired", func(f *figures) float64 { return f.fired }, number},
		{"of these, of targets that were never away", func(f *figures) float64 { return f.counted }, number},
	}
}

func between(seconds float64) string {
	if seconds == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f s", seconds)
}

func p99(f *figures) float64     { return f.lag.P99.Seconds() }
func quarter(f *figures) float64 { return f.memory[1] }
func end(f *figures) float64     { return f.memory[len(f.memory)-1] }

func each(all []*figures, value func(*figures) float64) (values rig.Rounds) {
	for _, f := range all {
		values = append(values, value(f))
	}
	return values
}

func (all results) judge() *rig.Table {
	t := &rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	for _, onBoth := range []bool{true, false} {
		where := "one core"
		if onBoth {
			where = "both cores"
		}
		still, changing := all[kind{onBoth, false}], all[kind{onBoth, true}]
		more := each(changing, p99).Median() - each(still, p99).Median()
		t.Add(fmt.Sprintf("%s: schedule lag p99 at most %v more with changes", where, aimLag), rig.Micros(max(more, 0)), rig.Verdict(more <= aimLag.Seconds()))
		// Without changes memory grows too, because the histograms of the targets fill and garbage is collected now and
		// then.
		growth := each(changing, end).Over(each(changing, quarter)).Median() / each(still, end).Over(each(still, quarter)).Median()
		t.Add(fmt.Sprintf("%s: memory from a quarter of the time to its end grows at most by %.1f of that without changes", where, aimGrowth),
			rig.Ratio(growth), rig.Verdict(growth <= aimGrowth))
	}
	least := span
	var missing, dropped, unbalanced float64
	for _, c := range columns {
		for _, f := range all[c.kind] {
			if c.changes {
				least = min(least, f.leastBetween())
			}
			missing, dropped, unbalanced = max(missing, f.missing()), max(dropped, f.dropped), unbalanced+float64(f.unbalanced)
		}
	}
	none := func(aim string, n float64) { t.Add(aim, fmt.Sprintf("%.0f", n), rig.Verdict(n == 0)) }
	t.Add(fmt.Sprintf("what was found is applied once in %v at most", applied), fmt.Sprintf("%.2f s", least.Seconds()), rig.Verdict(least >= aimApplied))
	none("no request that one of server and prober has counted and the other has not, targets that went included", missing)
	none("no target in any scrape with scheduled ≠ counted + dropped + waiting + in flight", unbalanced)
	none("no request dropped in that time", dropped)
	return t
}

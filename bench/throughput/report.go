package throughput

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strings"

	"example.com/prober/bench/chart"
	"example.com/prober/bench/rig"
)

const introduction = `## Throughput: what does a request cost?

Each client keeps so many requests in flight for %v, as fast as they are answered, %d times: in each round every client
runs once, and the order rotates. nginx answers HTTP/1.1, nghttpd HTTP/2; each runs in one thread. The prober is the daemon
with a closed burst: all phases, histograms and codes are on, it expects a status, and it verifies the server's certificate,
which most others do not. HTTP/2 is spoken on one connection, though fortio and k6 open one for each of
their workers. TLS is 1.3, with a whole handshake for each connection.

CPU is the client's own, user space and kernel, per request, in the middle three fifths of the load: neither its start nor its
report is in it. Memory is the most that it had in use. Figures are medians of the rounds, with the least and the greatest in
brackets; ratios to wrk, or to h2load where HTTP/2 is spoken, are taken round by round, then the median of those. Latencies
are what each client reports: h2load prints no percentiles, hey rounds to 0.1 ms, and wrk leaves
out what it takes to connect. %s.
`

// write makes the section, the comparison of all clients and its chart.
func write(ctx context.Context, o Options, all []comparison) Results {
	table, bars := compareAll(all)
	var b strings.Builder
	fmt.Fprintf(&b, introduction, o.Duration, o.Rounds, versions(ctx))
	b.WriteString("\n### CPU per request of all clients, that of wrk or h2load being 1\n\n")
	fmt.Fprintf(&b, "%d in flight, answers of %s.\n\n<!-- comparison -->\n%s<!-- end of comparison -->\n\n![the same as bars](throughput.svg)\n",
		usualInFlight, contents()[0].name, table)
	for _, p := range slices.Concat(protocols(), variants()) {
		own := slices.DeleteFunc(slices.Clone(all), func(c comparison) bool { return c.load.protocol != p })
		if len(own) > 0 {
			fmt.Fprintf(&b, "\n### %s\n\n%s", p.title, tableOf(own))
		}
	}
	fmt.Fprintf(&b, "\n### Aims\n\n%s", judge(all))
	return Results{Section: b.String(), Chart: bars.String()}
}

// tableOf has a row for each client under each load.
func tableOf(all []comparison) *rig.Table {
	t := &rig.Table{Columns: []string{
		"load", "client", "requests/s", "÷ reference", "CPU per request", "÷ reference", "memory", "p50", "p99", "failures",
	}}
	for _, c := range all {
		reference := c.results[1]
		for _, r := range c.results {
			t.Add(fmt.Sprintf("%d in flight, %s", c.load.inFlight, c.load.content.name), r.Client,
				rig.WithSpread(r.Rate, count), rig.Ratio(r.Rate.Over(reference.Rate).Median()),
				rig.WithSpread(r.CPU, fine), rig.WithSpread(r.CPU.Over(reference.CPU), rig.Ratio),
				fmt.Sprintf("%.0f MiB", r.Memory.Median()/(1<<20)),
				rig.Micros(r.P50.Median()), rig.Micros(r.P99.Median()), fmt.Sprint(r.Failures))
		}
	}
	return t
}

// compareAll has a row for each client and a column for each central load.
func compareAll(all []comparison) (*rig.Table, chart.Bars) {
	t := &rig.Table{Columns: []string{"client"}}
	bars := chart.Bars{Title: "CPU per request, that of wrk (h2load for HTTP/2) being 1", Mark: 1, Limit: 6}
	var central []comparison
	for _, c := range all {
		if c.load.isCentral() {
			central = append(central, c)
			t.Columns = append(t.Columns, c.load.protocol.name)
		}
	}
	names := clientsOf(central)
	for _, name := range names {
		row := []string{name}
		for _, c := range central {
			row = append(row, rig.Ratio(c.cpuOf(name).Median()))
		}
		t.Add(row...)
	}
	for _, c := range central {
		g := chart.Group{Title: c.load.protocol.title}
		for _, r := range c.results {
			ratio := r.CPU.Over(c.results[1].CPU)
			g.Bars = append(g.Bars, chart.Bar{
				Name: r.Client, Series: slices.Index(names, r.Client),
				Value: ratio.Median(), Least: slices.Min(ratio), Greatest: slices.Max(ratio),
			})
		}
		bars.Groups = append(bars.Groups, g)
	}
	return t, bars
}

func clientsOf(all []comparison) (names []string) {
	for _, c := range all {
		for _, r := range c.results {
			if !slices.Contains(names, r.Client) {
				names = append(names, r.Client)
			}
		}
	}
	return names
}

// cpuOf returns the processor time of a client relative to the reference, nothing if the client did not take part.
func (c comparison) cpuOf(client string) rig.Rounds {
	for _, r := range c.results {
		if r.Client == client {
			return r.CPU.Over(c.results[1].CPU)
		}
	}
	return nil
}

func count(v float64) string { return fmt.Sprintf("%.0f", v) }

// fine writes microseconds with relevant tenths.
func fine(seconds float64) string {
	if math.IsNaN(seconds) {
		return "–"
	}
	return fmt.Sprintf("%.3g µs", seconds*1e6)
}

// versions returns the versions of Debian's programs in the comparison.
func versions(ctx context.Context) string {
	of := []string{"-W", "-f", "${Package} ${Version}, ", "nginx", "nghttp2-server", "nghttp2-client", "wrk"}
	out, err := exec.CommandContext(ctx, "dpkg-query", of...).Output()
	if err != nil {
		return "The versions of nginx, nghttpd, h2load and wrk are unknown"
	}
	return "Of Debian: " + strings.TrimSuffix(string(out), ", ")
}

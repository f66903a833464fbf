package engines

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
)

const introduction = `## Engines: what does a request cost over HTTP/3, gRPC, DNS and TCP?

Each client keeps so many requests in flight for %v, as fast as they are answered, %d times: in each round every client of a
load runs once, and the order rotates. The prober is the daemon with a closed burst: all phases, histograms and codes are on, and it
verifies certificates.

CPU is the client's own, user space and kernel, per request, in the middle three fifths of the load: neither its start nor its
report is in it. Memory is the most that it had in use. Figures are medians of the rounds, with the least and the greatest in
brackets; the ratios of the prober to another client are taken round by round, then the median of those. Latencies are what each
client reports; the loops measure none, and dnsperf prints no percentiles. %s.
`

// write makes the section.
func (b *bench) write(ctx context.Context, all []comparison, idle []holding) string {
	var text strings.Builder
	fmt.Fprintf(&text, introduction, b.options.Duration, b.options.Rounds, b.versions(ctx))
	for rest := all; len(rest) > 0; {
		e := rest[0].load.engine
		own := rest
		if next := slices.IndexFunc(rest, func(c comparison) bool { return c.load.engine != e }); next >= 0 {
			own = rest[:next]
		}
		fmt.Fprintf(&text, "\n### %s\n\n%s\n\n%s", e.title, e.says, tableOf(own))
		rest = rest[len(own):]
	}
	if len(idle) > 0 {
		fmt.Fprintf(&text, "\n### Idle connections\n\n%s\n\n%s", aboutIdle, tableOfIdle(idle))
	}
	if aims := judge(all); len(aims.Rows) > 0 {
		fmt.Fprintf(&text, "\n### Aims\n\n%s", aims)
	}
	return text.String()
}

// tableOf has a row for each client under each load.
func tableOf(all []comparison) *rig.Table {
	t := &rig.Table{Columns: []string{
		"load", "client", "requests/s", "prober ÷ it", "CPU per request", "prober ÷ it", "memory", "p50", "p99", "failures",
	}}
	for _, c := range all {
		own := c.results[0]
		for _, r := range c.results {
			t.Add(c.load.kind(), r.Client,
				rig.WithSpread(r.Rate, func(v float64) string { return fmt.Sprintf("%.0f", v) }), rig.Ratio(own.Rate.Over(r.Rate).Median()),
				rig.WithSpread(r.CPU, micros), rig.WithSpread(own.CPU.Over(r.CPU), rig.Ratio),
				fmt.Sprintf("%.0f MiB", r.Memory.Median()/mebi), rig.Micros(r.P50.Median()), rig.Micros(r.P99.Median()), fmt.Sprint(r.Failures))
		}
	}
	return t
}

// micros writes microseconds with relevant tenths.
func micros(seconds float64) string { return fmt.Sprintf("%.3g µs", seconds*1e6) }

const aboutIdle = "Memory of clients that hold 1,000 connections over which one request went, two seconds after the last answer: what is\n" +
	"resident, with the garbage of the handshakes. For each connection it is the difference to the same client with one connection. One round."

func tableOfIdle(all []holding) *rig.Table {
	t := &rig.Table{Columns: []string{"client", "memory with 1", fmt.Sprintf("memory with %d", idleConnections), "for each connection"}}
	for _, h := range all {
		t.Add(h.client, fmt.Sprintf("%.0f MiB", h.one/mebi), fmt.Sprintf("%.0f MiB", h.many/mebi), fmt.Sprintf("%.0f KiB", h.perConnection()/kibi))
	}
	return t
}

// judge returns the table of the aims.
func judge(all []comparison) *rig.Table {
	t := &rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	for _, c := range all {
		for _, a := range c.load.aims {
			i := slices.IndexFunc(c.results, func(r *closed.Result) bool { return r.Client == a.client })
			if i < 0 {
				continue // it was left out
			}
			ratio := c.results[0].CPU.Over(c.results[i].CPU)
			t.Add(fmt.Sprintf("%v: CPU per request at most %v of %s", c.load, a.most, a.client),
				rig.WithSpread(ratio, rig.Ratio), rig.Verdict(ratio.Median() <= a.most))
		}
	}
	return t
}

// versions returns the programs and libraries of the comparison with their versions.
func (b *bench) versions(ctx context.Context) string {
	parts := []string{
		moduleOf(b.options.Programs.Loop, "github.com/quic-go/quic-go"), moduleOf(b.options.Programs.GRPCServer, "google.golang.org/grpc"),
		moduleOf(b.rig.Peer(ghzName), "github.com/bojand/ghz"),
	}
	out, err := exec.CommandContext(ctx, "dpkg-query", "-W", "-f", "${Package} ${Version}, ", dnsperfName, "dnsmasq-base").Output()
	if err != nil {
		return strings.Join(parts, ", ") + "; the versions of dnsperf and dnsmasq are unknown"
	}
	return strings.Join(parts, ", ") + "; of Debian: " + strings.TrimSuffix(string(out), ", ")
}

// moduleOf returns a module of an executable, with its version.
func moduleOf(executable, module string) string {
	info, err := buildinfo.ReadFile(executable)
	if err != nil {
		return module + " of unknown version"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module {
			return module + " " + m.Version
		}
	}
	return module + " of unknown version"
}

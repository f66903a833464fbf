// Package pace measures how well load generators hold a constant rate: when their requests reach the server, and when
// they are due.
package pace

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/prober/bench/rig"
)

// Options set the length of the comparison.
type Options struct {
	Rounds   int
	Duration time.Duration // of one run of one client
}

// inFlight returns the limit of requests in flight. It divides the rate, because fortio divides the rate among its
// connections.
func inFlight(rate int) int { return min(rate/10, 50) }

// rates returns the measured rates, in requests per second.
func rates() []int { return []int{100, 1000, 5000, 20_000} }

// result is the figures of one client at one rate, round by round.
type result struct {
	client                              string
	peer                                bool
	achieved, fired, p50, p99, max, cpu rig.Rounds
	latency                             rig.Rounds // the client's own median
	ownP99                              rig.Rounds // the client's own lag, if it reports one
}

// Run measures every client at every rate and returns a section of the results. It writes its progress to progress.
func Run(ctx context.Context, r *rig.Rig, o Options, progress io.Writer) (string, error) {
	clients := append([]rig.Client{rig.Prober{}, rig.Prober{Precision: "spin"}}, r.Peers()...)
	var b strings.Builder
	fmt.Fprintf(&b, introduction, o.Duration, o.Rounds)
	var aims rig.Table
	aims.Columns = []string{"aim of the prober", "measured", ""}
	for _, rate := range rates() {
		load := rig.Load{Rate: rate, Duration: o.Duration, InFlight: inFlight(rate)}
		results, err := compare(ctx, r, clients, load, o.Rounds, progress)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n### %d requests per second\n\n%s", rate, table(results))
		judge(&aims, rate, results)
	}
	fmt.Fprintf(&b, "\n### Aims\n\n%s", &aims)
	return b.String(), nil
}

const introduction = `## Pace: is a request sent when it is due?

Each client is asked for a constant rate for %v, %d times: in each round every client runs once, and the order
rotates. Up to 50 requests may be in flight, 10 at the lowest rate. The server answers at once. It notes when each request reached its
socket, by the kernel's clock: the lag of request k is its arrival less k/rate, less the smallest such difference of
the run. A client that stays below the rate lags further behind with every request. The achieved rate is that of the
middle eight tenths of the requests. Figures are medians of the rounds, with the least and the greatest in brackets;
ratios are taken round by round, then the median of those.
CPU is the client's own, user space and kernel, without its start. "Own lag" is what the prober reports itself, in
` + "`prober_schedule_lag_seconds`" + `, and "latency" what each client reports of the answers, of which each takes
the server a few microseconds. wrk2, which holds a rate too, is not packaged for Debian and is missing here.
`

// compare runs each client once per round.
func compare(ctx context.Context, r *rig.Rig, clients []rig.Client, l rig.Load, rounds int, progress io.Writer) ([]result, error) {
	results := make([]result, len(clients))
	for round := range rounds {
		for turn := range clients {
			i := (turn + round) % len(clients)
			sample, err := r.Measure(ctx, clients[i], l, rig.Service{})
			if err != nil {
				return nil, err
			}
			results[i].client = clients[i].Name()
			_, own := clients[i].(rig.Prober)
			results[i].peer = !own
			late := results[i].add(sample)
			fmt.Fprintf(progress, "pace %d/s, round %d: %s: achieved %.5f, lag p50 %v, p99 %v, max %v, %v CPU per request; it reports p50 %v, own lag p99 %v\n",
				l.Rate, round+1, clients[i].Name(), late.achieved, late.lag.P50, late.lag.P99, late.lag.Max, sample.CPU,
				sample.Report.Latency.P50, sample.Report.Lag.P99)
		}
	}
	return results, nil
}

func (r *result) add(s rig.Sample) lateness {
	late := latenessOf(s.Arrivals, s.Load)
	add := func(to *rig.Rounds, v float64) { *to = append(*to, v) }
	add(&r.achieved, late.achieved)
	add(&r.fired, late.fired)
	add(&r.p50, late.lag.P50.Seconds())
	add(&r.p99, late.lag.P99.Seconds())
	add(&r.max, late.lag.Max.Seconds())
	add(&r.cpu, s.CPU.Seconds())
	add(&r.latency, s.Report.Latency.P50.Seconds())
	if own := s.Report.Lag; own != (rig.Quantiles{}) {
		add(&r.ownP99, own.P99.Seconds())
	}
	return late
}

func table(results []result) *rig.Table {
	t := &rig.Table{Columns: []string{
		"client", "achieved ÷ asked", "fired ÷ due", "lag p50", "lag p99", "lag max", "p99 ÷ prober's", "own lag p99", "latency p50", "CPU per request", "CPU ÷ prober's",
	}}
	share := func(v float64) string { return fmt.Sprintf("%.4f", v) }
	for _, r := range results {
		t.Add(r.client, share(r.achieved.Median()), share(r.fired.Median()),
			rig.Micros(r.p50.Median()), rig.WithSpread(r.p99, rig.Micros), rig.Micros(r.max.Median()),
			rig.Ratio(r.p99.Over(results[0].p99).Median()), rig.Micros(r.ownP99.Median()), rig.WithSpread(r.latency, rig.Micros),
			rig.WithSpread(r.cpu, rig.Micros), rig.Ratio(r.cpu.Over(results[0].cpu).Median()))
	}
	return t
}

// Package truth compares the latencies reported by load generators with the server's.
package truth

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"example.com/prober/bench/rig"
)

// aimShare and the aim of a scene bound the error of the prober's quantiles: the greater of both counts.
const aimShare = 0.05

// scene is a load on a service.
type scene struct {
	name    string
	load    rig.Load
	service rig.Service
	aim     time.Duration
	shown   bool // by README
}

func scenes(length time.Duration) []scene {
	const aimAtRate, aimBusy = 50 * time.Microsecond, 20 * time.Microsecond
	rate := func(n int) rig.Load { return rig.Load{Rate: n, Duration: length, InFlight: 50} }
	busy := rig.Load{Duration: length.Round(time.Second), InFlight: 64}
	beside := busy
	beside.Beside = true
	short := rig.Service{Delay: time.Millisecond, Spread: 4 * time.Millisecond}
	return []scene{
		{name: "200 requests per second, an answer takes 1 to 5 ms", load: rate(200), service: short, aim: aimAtRate},
		{
			name: "200 requests per second, an answer takes 10 to 50 ms", load: rate(200), aim: aimAtRate,
			service: rig.Service{Delay: 10 * time.Millisecond, Spread: 40 * time.Millisecond},
		},
		{name: "1000 requests per second, the server answers at once", load: rate(1000), aim: aimAtRate},
		{name: "64 in flight at all times, the server answers at once", load: busy, aim: aimBusy, shown: true},
		{
			name: "64 in flight at all times, beside a neighbour that spins on the same core, an answer takes 1 to 5 ms",
			load: beside, service: short, aim: aimBusy,
		},
	}
}

// result is a client's report and the server's figures, in seconds.
type result struct {
	client                     string
	p50, p99, trueP50, trueP99 rig.Rounds
}

// Run measures every client that holds a rate and returns a section of the results.
func Run(ctx context.Context, r *rig.Rig, rounds int, length time.Duration, progress io.Writer) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, length, rounds)
	aims := rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	for _, s := range scenes(length) {
		peers := r.Peers()
		if s.load.Rate == 0 {
			peers = r.ClosedPeers()
		}
		results, err := compare(ctx, r, append([]rig.Client{rig.Prober{}}, peers...), s, rounds, progress)
		if err != nil {
			return "", err
		}
		written := table(results).String()
		if s.shown {
			written = "<!-- busy -->\n" + written + "<!-- end of busy -->\n"
		}
		fmt.Fprintf(&b, "\n### %s\n\n%s", s.name, written)
		judge(&aims, s, results[0])
	}
	fmt.Fprintf(&b, "\n### Aims\n\n%s", &aims)
	return b.String(), nil
}

const introduction = `## Truth: are the reported latencies those that were?

Each client makes a load for %v, %d times, in rotating order. The truth is the server's: from the moment, by the
kernel's clock, at which a request reached its socket until its answer was written. What a client reports is longer by the way there and
back and by how long the client takes to notice. With as many requests in flight as there can be, the core of the client is busy, and
answers lie in its sockets until it reads them: the prober leaves that out, by the kernel's clock. The prober's quantiles are those that Prometheus computes from its native
histogram, whose buckets are 4 %% wide, and count from the moment when a request was due. Figures are
medians of the rounds; in brackets the difference to the truth of the same round.
`

func compare(ctx context.Context, r *rig.Rig, clients []rig.Client, s scene, rounds int, progress io.Writer) ([]*result, error) {
	results := make([]*result, len(clients))
	for i, c := range clients {
		results[i] = &result{client: c.Name()}
	}
	for round := range rounds {
		for turn := range clients {
			i := (turn + round) % len(clients)
			sample, err := r.Measure(ctx, clients[i], s.load, s.service)
			if err != nil {
				return nil, err
			}
			results[i].add(sample)
			fmt.Fprintf(progress, "truth, %s, round %d: %s reports p50 %v, p99 %v; true are %v, %v\n", s.name, round+1, clients[i].Name(),
				sample.Report.Latency.P50, sample.Report.Latency.P99, sample.Truth.P50, sample.Truth.P99)
		}
	}
	return results, nil
}

func (r *result) add(s rig.Sample) {
	r.p50 = append(r.p50, s.Report.Latency.P50.Seconds())
	r.p99 = append(r.p99, s.Report.Latency.P99.Seconds())
	r.trueP50 = append(r.trueP50, s.Truth.P50.Seconds())
	r.trueP99 = append(r.trueP99, s.Truth.P99.Seconds())
}

func table(results []*result) *rig.Table {
	t := &rig.Table{Columns: []string{"client", "true p50", "reported p50", "true p99", "reported p99"}}
	for _, r := range results {
		t.Add(r.client, rig.Micros(r.trueP50.Median()), with(r.p50, r.trueP50), rig.Micros(r.trueP99.Median()), with(r.p99, r.trueP99))
	}
	return t
}

// with writes the median and the median of the differences.
func with(reported, truth rig.Rounds) string {
	off := minus(reported, truth).Median()
	sign := "+"
	if off < 0 {
		sign = "−"
	}
	return fmt.Sprintf("%s (%s%s)", rig.Micros(reported.Median()), sign, rig.Micros(math.Abs(off)))
}

func minus(a, b rig.Rounds) rig.Rounds {
	differences := make(rig.Rounds, len(a))
	for i := range a {
		differences[i] = a[i] - b[i]
	}
	return differences
}

func judge(t *rig.Table, s scene, r *result) {
	for _, q := range []struct {
		name            string
		reported, truth rig.Rounds
	}{{"p50", r.p50, r.trueP50}, {"p99", r.p99, r.trueP99}} {
		off, truth := minus(q.reported, q.truth).Median(), q.truth.Median()
		allowed := max(truth*aimShare, s.aim.Seconds())
		t.Add(fmt.Sprintf("%s: reported %s within %v %% or %v", s.name, q.name, aimShare*100, s.aim),
			with(q.reported, q.truth), rig.Verdict(math.Abs(off) <= allowed))
	}
}

// Package stall measures whether load generators show the stalls of a server: their reports, beside the truth about
// every due request.
package stall

import (
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"example.com/prober/bench/rig"
)

const (
	rate     = 200 // requests per second
	duration = 20 * time.Second
	// enough connections for all requests due in a stall, and too few.
	enough, tooFew = 400, 16
	// resolution is the width of a bucket in the prober's native histogram.
	resolution = 1.0443
)

var service = rig.Service{Delay: 5 * time.Millisecond, Stall: time.Second, Period: 5 * time.Second}

// result is the report of one client, round by round.
type result struct {
	client   string
	requests rig.Rounds // reported by the client
	figures  [5]rig.Rounds
}

// Run measures every client so many times and returns a section of the results.
func Run(ctx context.Context, r *rig.Rig, rounds int, progress io.Writer) (string, error) {
	clients := append([]rig.Client{rig.Prober{}}, r.Peers()...)
	var b strings.Builder
	fmt.Fprintf(&b, introduction, service.Stall, service.Period, service.Delay, rate, duration, rounds)
	for _, inFlight := range []int{enough, tooFew} {
		load := rig.Load{Rate: rate, Duration: duration, InFlight: inFlight}
		results, err := compare(ctx, r, clients, load, rounds, progress)
		if err != nil {
			return "", err
		}
		true5 := figures(rig.QuantilesOf(truth(load, service)))
		fmt.Fprintf(&b, "\n### At most %d in flight\n\n%s\n%s", inFlight, table(results, load, true5), judge(results[0], true5))
	}
	return b.String(), nil
}

const introduction = `## Stall: does a stall of the server show?

The server rests for %v once in %v; otherwise a request takes %v. Each client is asked for %d requests per second for
%v, %d times, in rotating order; the figures are the medians of what it reports, and in brackets the
ratio to the truth. The truth is computed: the response time of every request from the moment it is due, if it is sent then or, when too
many are in flight, as soon as a place is free. A ratio far below 1 is coordinated omission. The prober's
quantiles are those that Prometheus computes from its native histogram, whose buckets are 4 %% wide; its maximum is the end
of the last bucket. The requests are those that the client reports, of those that were due.
`

func compare(ctx context.Context, r *rig.Rig, clients []rig.Client, l rig.Load, rounds int, progress io.Writer) ([]result, error) {
	results := make([]result, len(clients))
	for round := range rounds {
		for turn := range clients {
			i := (turn + round) % len(clients)
			sample, err := r.Measure(ctx, clients[i], l, service)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(progress, "stall, %d in flight, round %d: %s: %d requests, %v\n",
				l.InFlight, round+1, clients[i].Name(), sample.Report.Requests, sample.Report.Latency)
			results[i].client = clients[i].Name()
			results[i].requests = append(results[i].requests, float64(sample.Report.Requests))
			for f, v := range figures(sample.Report.Latency) {
				results[i].figures[f] = append(results[i].figures[f], v)
			}
		}
	}
	return results, nil
}

// figures are the columns of the table, in seconds.
func figures(q rig.Quantiles) [5]float64 {
	return [5]float64{q.P50.Seconds(), q.P90.Seconds(), q.P99.Seconds(), q.P999.Seconds(), q.Max.Seconds()}
}

func table(results []result, l rig.Load, true5 [5]float64) *rig.Table {
	t := &rig.Table{Columns: []string{"client", "requests", "p50", "p90", "p99", "p99.9", "max"}}
	row := []string{"truth", fmt.Sprint(l.Due())}
	for _, v := range true5 {
		row = append(row, rig.Micros(v))
	}
	t.Add(row...)
	for _, r := range results {
		row := []string{r.client, fmt.Sprintf("%.0f", r.requests.Median())}
		for f, v := range r.figures {
			row = append(row, fmt.Sprintf("%s (%s)", rig.Micros(v.Median()), rig.Ratio(v.Median()/true5[f])))
		}
		t.Add(row...)
	}
	return t
}

// judge compares the prober's report with the truth.
func judge(prober result, true5 [5]float64) string {
	worst := 1.0
	for f, v := range prober.figures {
		ratio := v.Median() / true5[f]
		worst = max(worst, ratio, 1/ratio)
	}
	return fmt.Sprintf("Aim: every figure of the prober within the resolution of its histogram (a factor of %.2f). Furthest off: a factor of %.3f: %s.\n",
		resolution, worst, rig.Verdict(!math.IsNaN(worst) && worst <= resolution))
}

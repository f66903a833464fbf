package closed

import (
	"context"
	"fmt"
	"io"
	"time"

	"example.com/prober/bench/rig"
)

// Result is the figures of one client, round by round.
type Result struct {
	Client                      string
	Rate, CPU, Memory, P50, P99 rig.Rounds
	Requests, Failures          int
}

// Compare lets each client make a load of the length d once per round, in rotating order. It writes its progress, after
// the name of the load, to progress.
func Compare(ctx context.Context, load string, clients []Client, rounds int, d time.Duration, progress io.Writer) ([]*Result, error) {
	results := make([]*Result, len(clients))
	for i, c := range clients {
		results[i] = &Result{Client: c.Name}
	}
	for round := range rounds {
		for turn := range clients {
			i := (turn + round) % len(clients)
			s, err := clients[i].Measure(ctx, d)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", clients[i].Name, load, err)
			}
			results[i].add(s)
			fmt.Fprintf(progress, "%s, round %d, %s: %.0f/s, %.2f µs CPU, %.1f MiB, p50 %s, p99 %s, %d failures\n",
				load, round+1, clients[i].Name, s.Rate, s.CPU*1e6, s.Memory/(1<<20), rig.Micros(s.P50), rig.Micros(s.P99), s.Failures)
		}
	}
	return results, nil
}

func (r *Result) add(s Sample) {
	add := func(to *rig.Rounds, v float64) { *to = append(*to, v) }
	add(&r.Rate, s.Rate)
	add(&r.CPU, s.CPU)
	add(&r.Memory, s.Memory)
	add(&r.P50, s.P50)
	add(&r.P99, s.P99)
	r.Requests += s.Requests
	r.Failures += s.Failures
}

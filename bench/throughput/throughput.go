// Package throughput measures the cost of clients that keep a number of requests in flight, as fast as they are
// answered.
package throughput

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
)

// Options select the loads and their length.
type Options struct {
	Rounds   int
	Duration time.Duration // of one load of one client, in whole seconds
	// Only is a pattern of the loads to measure.
	Only *regexp.Regexp
	// Peers reports whether more clients than the prober and the references are measured.
	Peers bool
	// Before is the executable of another prober to measure, or empty.
	Before string
}

// Results are a section of the results and a chart of the comparison of all clients.
type Results struct{ Section, Chart string }

// Run measures the loads of the options one after another. It writes its progress to progress.
func Run(ctx context.Context, r *rig.Rig, o Options, progress io.Writer) (res Results, err error) {
	if o.Duration < 2*time.Second || o.Duration%time.Second != 0 {
		return res, errors.New("a load takes whole seconds, two at least") // as wrk wants it
	}
	dir, err := os.MkdirTemp("", "prober-throughput-")
	if err != nil {
		return res, err
	}
	defer os.RemoveAll(dir)
	s, err := startServers(ctx, r, dir)
	if err != nil {
		return res, err
	}
	defer s.stop(ctx)
	b := &bench{rig: r, servers: s, duration: o.Duration}
	var all []comparison
	for _, l := range grid() {
		if !o.Only.MatchString(l.String()) {
			continue
		}
		c, err := b.compare(ctx, o, l, progress)
		if err != nil {
			return res, err
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return res, fmt.Errorf("no load matches %s", o.Only)
	}
	return write(ctx, o, all), nil
}

// comparison is the results of the clients under one load, the prober first and the reference second.
type comparison struct {
	load    load
	results []*closed.Result
}

// Package engines measures the cost of a request over the engines that throughput leaves out: HTTP/3, gRPC, DNS and
// bare connections.
package engines

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
	// Peers reports whether load generators written in Go are measured too.
	Peers bool
	// Programs are the programs of the section beside the prober.
	Programs Programs
}

// Programs are executable files.
type Programs struct{ Server, Loop, GRPCServer string }

// bench is the common part of the measurements.
type bench struct {
	rig     *rig.Rig
	options Options
	dir     string
	servers *servers
}

// comparison is the results of the clients under one load, the prober first.
type comparison struct {
	load    load
	results []*closed.Result
}

// Run measures the loads of the options one after another and returns a section of the results. It writes its progress
// to progress.
func Run(ctx context.Context, r *rig.Rig, o Options, progress io.Writer) (section string, err error) {
	if o.Duration < time.Second || o.Duration%time.Second != 0 {
		return "", errors.New("a load takes whole seconds") // as dnsperf wants it
	}
	dir, err := os.MkdirTemp("", "prober-engines-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	b := &bench{rig: r, options: o, dir: dir}
	if b.servers, err = b.startServers(ctx); err != nil {
		return "", err
	}
	defer b.servers.stop(ctx)
	var all []comparison
	for _, l := range b.loads() {
		if !o.Only.MatchString(l.String()) {
			continue
		}
		results, err := closed.Compare(ctx, "engines, "+l.String(), l.clients, o.Rounds, o.Duration, progress)
		if err != nil {
			return "", err
		}
		all = append(all, comparison{l, results})
	}
	var idle []holding
	if o.Only.MatchString(idleLoad) {
		if idle, err = b.measureIdle(ctx, progress); err != nil {
			return "", err
		}
	}
	if len(all)+len(idle) == 0 {
		return "", fmt.Errorf("no load matches %s", o.Only)
	}
	return b.write(ctx, all, idle), nil
}

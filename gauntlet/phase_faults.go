package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	gateCodes     gate = "each fault comes to the code that it must come to"
	gateBreadth   gate = "at least 120 different faults, each several times"
	gateBystand   gate = "healthy targets beside hostile peers see no failure"
	faultsAtLeast      = 120
	faultInterval      = 2 * time.Second
)

// deterministic is the second act: every fault of the table at once, again and
// again, with healthy targets beside them.
func (g *gauntlet) deterministic(s *stage) {
	f := newFarm(s)
	all := f.faults()
	healthy := f.healthy()
	all = slices.DeleteFunc(all, func(x fault) bool { return !g.replay.plays(x.name) })
	healthy = slices.DeleteFunc(healthy, func(t target) bool { return !g.replay.plays(t.name) })
	targets := slices.Clone(healthy)
	for i := range all {
		targets = append(targets, f.faulty(&all[i]))
	}
	a := g.begin("faults", f, targets)
	for i := range all {
		if x := &all[i]; x.trusted != nil {
			s.must(os.WriteFile(filepath.Join(a.dir, x.name+".pem"), x.trusted, 0o600))
		}
	}
	a.load()
	lasting := g.length(10*time.Second, time.Minute)
	if !g.replay.isWhole() {
		lasting = faultInterval + time.Second // once is enough for a fault that always occurs
	}
	s.pause(lasting)
	a.judgePages()
	v := a.finish()
	g.judgeFaults(v, all, healthy)
}

// faulty opens a fault and returns its target.
func (f *farm) faulty(x *fault) target {
	t := target{name: x.name, url: f.target(x), interval: faultInterval.String(), burst: "{requests: 4, concurrency: 1}", keys: x.keys}
	if x.waits {
		t.timeout, t.burst = timeoutSoon, "{requests: 4, concurrency: 4}"
	}
	return t
}

func (g *gauntlet) judgeFaults(v *view, all []fault, healthy []target) {
	times, seldom := 0.0, 0
	for i := range all {
		x := &all[i]
		c := v.of(x.name)
		want := strings.Fields(x.codes)
		g.board.hold(gateCodes, slices.Equal(codesOf(c), want), "%s comes to %v, and is to come to %s", x.name, c.codes(), x.codes)
		times += c.total()
		if c.total() < 4 {
			seldom++
		}
	}
	if g.replay.isWhole() {
		g.board.hold(gateBreadth, len(all) >= faultsAtLeast && seldom == 0, "%d faults, of which %d came less than four times", len(all), seldom)
	}
	g.board.fact("faults: %d of them, %.0f times on average", len(all), times/float64(len(all)))
	g.holdWell(gateBystand, v, healthy)
}

package main

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"
)

const gateNeighbours gate = "hostile neighbours move the p99 of a healthy target by less than 5% or the allowance"

// fineGrid are bounds in seconds for the p99 of a healthy target. The last is the greatest value that it can show.
const (
	fineGrid = "0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.025, 0.1, 0.4, "
	slowest  = 0.4
)

// neighbours is an act of two daemons with the same healthy targets. One of them now and then gets bursts to hostile
// peers, the other never. Costs to the machine and the servers hit both daemons; costs within a daemon hit only the
// first.
func (g *gauntlet) neighbours(s *stage) {
	f := newFarm(s)
	steady := f.steady()
	hostile := f.hostile()
	for i := range hostile {
		hostile[i].interval, hostile[i].burst = g.length(500*time.Millisecond, 2*time.Second).String(), "{requests: 1}"
	}
	fine := *g
	fine.grid = fineGrid
	a := fine.begin("neighbours", f, append(steady("beset"), hostile...))
	twin := fine.begin("twin", f, steady("twin"))
	twin.load()
	a.compare(twin, len(a.targets)-len(hostile))
	v := a.finish()
	g.holdWell(gateBystand, v, a.targets[:len(a.targets)-len(hostile)])
	twin.finish()
}

// steady opens healthy servers and returns a function that makes constantly loaded targets of them.
func (f *farm) steady() func(prefix string) []target {
	all := f.healthy()
	all = slices.DeleteFunc(all, func(t target) bool {
		return !slices.Contains([]string{"fine-h1", "fine-tls", "fine-h2", "fine-h2c"}, t.name)
	})
	return func(prefix string) []target {
		mine := slices.Clone(all)
		for i := range mine {
			t := &mine[i]
			path := len(t.url) - len(t.name) - 1 // the name and a slash
			t.name = prefix + t.name[len("fine"):]
			t.url = t.url[:path] + t.name + "/"
			t.barn = nil // two daemons connect to it
			t.interval, t.burst = "1s", "{rate: 200, requests: 190}"
		}
		return mine
	}
}

// stretches are the figures of one target, by stretch of time, in seconds.
type stretches struct {
	p99           []float64 // alone
	alone, beside []float64 // p99 above that of the twin at the same time
}

const processorTime = "process_cpu_seconds_total"

// compare switches the bursts of the daemon's hostile targets on and off. It does so often enough to level the
// machine's fluctuations. The hostile targets follow the healthy ones in the list.
func (a *act) compare(twin *act, healthy int) {
	all, worked, asked := make([]stretches, healthy), [2]float64{}, map[string]float64{}
	a.s.start(a.ctx)
	rounds, stretch := 8, time.Second
	if !a.short {
		rounds, stretch = 14, 2500*time.Millisecond
	}
	for round := range rounds {
		isBeset := round%2 == 1
		targets := slices.Clone(a.targets)
		for i := healthy; i < len(targets) && !isBeset; i++ {
			targets[i].interval = "8760h"
		}
		own, others := a.watchFor(stretch, twin, targets)
		worked[round%2] += own[1].global[processorTime] - own[0].global[processorTime]
		for _, t := range a.targets[healthy:] {
			asked[t.name] = own[1].of(t.name).total()
		}
		if round < 2 { // connections and everything made on first use
			continue
		}
		for i := range all {
			name, other := a.targets[i].name, twin.targets[i].name
			took := p99(own[0].of(name), own[1].of(name))
			all[i].note(isBeset, took, took-p99(others[0].of(other), others[1].of(other)))
		}
	}
	for i := range all {
		a.judgeStretches(a.targets[i].name, &all[i])
	}
	for name, times := range asked {
		a.board.hold(gateNeighbours, times > 0, "%s was asked %v times", name, times)
	}
	a.board.fact("neighbours: the daemon worked for %.2f s beside hostile peers, and for %.2f s in the same time without", worked[1], worked[0])
}

// watchFor returns the scrapes of the daemon and its twin before and after a stretch of time with those targets in the
// daemon.
func (a *act) watchFor(stretch time.Duration, twin *act, targets []target) (own, others [2]*view) {
	a.configure(targets, "")
	a.pause(300 * time.Millisecond)
	own[0], others[0] = a.s.now(), twin.s.now()
	a.pause(stretch)
	own[1], others[1] = a.s.now(), twin.s.now()
	return own, others
}

func (s *stretches) note(isBeset bool, own, above float64) {
	if isBeset {
		s.beside = append(s.beside, above)
		return
	}
	s.alone, s.p99 = append(s.alone, above), append(s.p99, own)
}

// mood is the greatest difference between the daemon and its twin that the machine may cause. Beyond it the daemon
// suffers from its earlier work beside hostile peers.
const mood = 0.025 // seconds

// judgeStretches compares the difference between the daemon and its twin beside hostile peers with the greatest
// difference alone. The short run shares its machine with others: it takes the best stretch, and only finds a daemon
// that stands still in each.
func (a *act) judgeStretches(name string, s *stretches) {
	own, beside := median(s.p99), median(s.beside)
	most := max(own/20, time.Millisecond.Seconds())
	if a.short {
		beside, most = slices.Min(s.beside), mood
	}
	moved := beside - min(slices.Max(s.alone), mood)
	a.board.hold(gateNeighbours, own > 0 && moved < most, "%s: a p99 of %.2f ms moved by %.2f ms; above the twin's it was %.5f alone and %.5f beside",
		name, own*1e3, moved*1e3, s.alone, s.beside)
	a.board.fact("neighbours: the p99 of %s is %.2f ms alone; above its twin's it is %.2f ms alone, and %.2f ms beside hostile peers",
		name, own*1e3, median(s.alone)*1e3, median(s.beside)*1e3)
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// p99 returns the 99th percentile of the durations, in seconds, of requests that ended between two scrapes. It is
// linear within a bucket, and 0 if there were none. Values above the bounds of the grid count as its last bound.
func p99(before, after *counts) float64 {
	within := map[float64]float64{}
	for le, n := range after.within {
		if bound, err := strconv.ParseFloat(le, 64); err == nil {
			within[bound] = n - before.within[le]
		}
	}
	rank := 0.99 * within[math.Inf(1)]
	maps.DeleteFunc(within, func(bound, _ float64) bool { return bound > slowest })
	lower, below := 0.0, 0.0
	for _, bound := range slices.Sorted(maps.Keys(within)) {
		n := within[bound]
		if n >= rank && n > below {
			return lower + (bound-lower)*(rank-below)/(n-below)
		}
		if rank > 0 {
			lower, below = bound, n
		}
	}
	return lower
}

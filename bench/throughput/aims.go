package throughput

import (
	"fmt"
	"slices"

	"example.com/prober/bench/closed"
	"example.com/prober/bench/rig"
)

// aimRate is the least rate of the prober, relative to the reference.
const aimRate = 0.95

// aimCPU returns the most processor time for a request of the prober, relative to the reference, or 0.
func aimCPU(l load) float64 {
	kept := l.inFlight == 16 || l.inFlight == usualInFlight
	switch {
	case l.content != contents()[0]:
		return 0
	case l.http2 && l.inFlight == usualInFlight:
		return 1
	case l.perAnswer && l.inFlight == usualInFlight:
		return 1.4
	case !l.http2 && !l.perAnswer && kept:
		return 1.1
	}
	return 0
}

// judge returns the table of the aims.
func judge(all []comparison) *rig.Table {
	t := &rig.Table{Columns: []string{"aim of the prober", "measured", ""}}
	for _, c := range all {
		own, reference := c.results[0], c.results[1]
		if aim := aimCPU(c.load); aim > 0 {
			cpu, rate := own.CPU.Over(reference.CPU), own.Rate.Over(reference.Rate)
			t.Add(fmt.Sprintf("%v: CPU per request at most %v of %s", c.load, aim, reference.Client),
				rig.WithSpread(cpu, rig.Ratio), rig.Verdict(cpu.Median() <= aim))
			t.Add(fmt.Sprintf("%v: requests/s at least %v of %s", c.load, aimRate, reference.Client),
				rig.WithSpread(rate, rig.Ratio), rig.Verdict(rate.Median() >= aimRate))
		}
		if peers := c.peers(); len(peers) > 0 {
			cheapest := slices.MinFunc(peers, func(a, b *closed.Result) int { return compareMedians(a.CPU, b.CPU) })
			t.Add(fmt.Sprintf("%v: CPU per request below that of every load generator in Go", c.load),
				fmt.Sprintf("%s, the cheapest (%s) %s", fine(own.CPU.Median()), cheapest.Client, fine(cheapest.CPU.Median())),
				rig.Verdict(own.CPU.Median() < cheapest.CPU.Median()))
		}
	}
	return t
}

// peers returns the load generators in Go: all except the prober, the reference and another prober.
func (c comparison) peers() []*closed.Result {
	return slices.DeleteFunc(slices.Clone(c.results[2:]), func(r *closed.Result) bool { return r.Client == beforeName })
}

func compareMedians(a, b rig.Rounds) int {
	if a.Median() < b.Median() {
		return -1
	}
	return 1
}

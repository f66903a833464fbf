package main

import (
	"time"
)

const (
	gateBurst   gate = "SIGTERM within a burst loses no request"
	gateRestart gate = "a daemon that was killed starts again and counts from nothing"
)

// ends is the fifth act: it ends the daemon in the middle of its work, in both ways, and starts it again.
func (g *gauntlet) ends(s *stage) {
	f := newFarm(s)
	targets := f.kept()
	for range 3 {
		g.killed(f, targets)
		g.terminated(f, targets)
	}
}

// underWay starts a daemon and waits until it is busy.
func (g *gauntlet) underWay(f *farm, targets []target) *act {
	a := g.begin("ends", f, targets)
	a.load()
	a.awaitAll()
	return a
}

// killed ends a life of the daemon with SIGKILL.
func (g *gauntlet) killed(f *farm, targets []target) {
	a := g.underWay(f, targets)
	a.abandon()
	a.reread(false)
	a.pause(200 * time.Millisecond) // requests on their way arrive
}

// terminated is a life that ends with SIGTERM. Its last scrape must equal the farm's ledger of that life.
func (g *gauntlet) terminated(f *farm, targets []target) {
	before := map[string]page{}
	for _, t := range targets {
		before[t.name] = f.ledger.read(t.name)
	}
	a := g.underWay(f, targets)
	a.s.halt()
	a.terminate(func(last *view) {
		for _, t := range targets {
			c, now := last.of(t.name), f.ledger.read(t.name)
			seen := float64(now.seen - before[t.name].seen)
			g.board.hold(gateRestart, seen == c.total()-c.unsent, "%s: %v ids in this life, %v counted", t.name, seen, c.total()-c.unsent)
			g.board.hold(gateBurst, c.failed() == 0, "%s has codes %v", t.name, c.codes())
			g.board.hold(gateOnce, len(now.twice) == 0, "%s: %q came twice over lives of the daemon", t.name, now.twice)
		}
	})
	a.reread(false)
}

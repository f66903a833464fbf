package main

import (
	"math/rand/v2"
	"time"
)

const (
	gateMass           gate = "as many requests as the run is to have, one in twenty with a fault"
	gateListeners      gate = "at least 60 listeners at once, of ten kinds"
	gateKilled         gate = "the death of a server is counted as what it is"
	gateFlaps          gate = "names that lead nowhere, elsewhere and back are followed"
	listenersAtLeast        = 60
	massShort, massAll      = 110_000, 1_000_000
	// massSure is enough requests to see an event that happens once in 100,000 requests.
	massSure = 450_000
)

// lastingPart is how long a part of the mass is played.
const lastingPart = 5 * time.Second

// mass is the third act: many requests with random faults, while servers die and come back, and names change their
// addresses.
func (g *gauntlet) mass(s *stage) {
	f := newFarm(s)
	targets, mortal := f.crowd(g)
	halt, wait := g.beside(s, g.played(shoppers()))
	defer wait()
	if len(targets) == 0 { // a part without targets
		s.pause(lastingPart)
		return
	}
	a := g.begin("mass", f, targets)
	a.load()
	enough := g.enough()
	a.slaughter(mortal, enough)
	halt()
	v := a.finish()
	if g.replay.isWhole() {
		a.judgeDeaths(v)
		a.judgeFlaps(v)
		a.judgeFaults(v)
		total := v.all((*counts).total)
		g.board.hold(gateMass, total >= enough, "%v requests, where %v are enough", total, enough)
		g.board.hold(gateListeners, listeners(targets) >= listenersAtLeast, "there are %d", listeners(targets))
	}
}

// listeners returns the number of listeners for HTTP, gRPC and DNS.
func listeners(targets []target) int {
	n := len(targets)
	for i := range targets {
		if targets[i].away != nil {
			n++
		}
		if targets[i].over != nil {
			n++
		}
	}
	return n
}

// judgeFaults checks the share of failures among requests to servers that stay alive, by names that do not change. It
// must be about the share of scripted faults. The other targets have no expected share: without a listener a worker
// fails as often as it can ask.
func (a *act) judgeFaults(v *view) {
	total, failed := 0.0, 0.0
	for i := range a.targets {
		if t := &a.targets[i]; t.leeway == nil && t.away == nil {
			c := v.of(t.name)
			total += c.total()
			failed += c.failed()
		}
	}
	a.board.hold(gateMass, failed > total/40 && failed < total/15, "of %v requests to servers that live, %v failed", total, failed)
}

// judgeDeaths checks that servers died in all ways: while they owed answers, with unread requests, and with new
// connections refused.
func (a *act) judgeDeaths(v *view) {
	owed, unread, refused := a.farm.owed.Load(), a.farm.unread.Load(), 0.0
	for i := range a.targets {
		if t := &a.targets[i]; t.leeway != nil && t.leeway.unreached != nil {
			refused += v.of(t.name).requests["1212"]
		}
	}
	a.board.hold(gateKilled, owed > 0 && unread > 0 && refused > 0, "owed %v, unread %v, refused %v", owed, unread, refused)
}

// judgeFlaps checks that names led to all addresses.
func (a *act) judgeFlaps(v *view) {
	away, seen := 0, map[string]float64{}
	for i := range a.targets {
		if t := &a.targets[i]; t.away != nil {
			away += t.away.connections()
			for code, n := range v.of(t.name).requests {
				seen[code] += n
			}
		}
	}
	for _, code := range []string{"0", "1101", "1102", "1103", "1104", "1106", "1110", "1212"} {
		a.board.hold(gateFlaps, seen[code] > 0, "none of the targets with names has code %s", code)
	}
	a.board.hold(gateFlaps, away > 0, "no name ever led to another address")
	a.board.fact("mass: the targets with names have codes %v", seen)
}

// enough is the least number of requests of the mass.
func (g *gauntlet) enough() float64 {
	switch {
	case g.thorough:
		return massSure
	case g.short:
		return massShort
	default:
		return massAll
	}
}

// slaughter kills servers by the seed's schedule, all of them in each turn, until there were enough requests. If only a
// part is played, it ends after some seconds. The schedule stays the same and skips servers that are not played.
func (a *act) slaughter(mortal []*barn, enough float64) {
	r := rand.New(rand.NewPCG(a.seed, 0))
	lasting := a.length(60*time.Second, 10*time.Minute)
	if !a.replay.isWhole() {
		lasting = lastingPart
	}
	kills := 0
	var order []int
	deadline := time.Now().Add(lasting)
	for round := 0; round%len(mortal) > 0 || a.s.total() < enough && time.Now().Before(deadline); round++ { // a total waits for a scrape
		if round%len(mortal) == 0 {
			order = r.Perm(len(mortal))
		}
		b := mortal[order[round%len(mortal)]]
		life, death := time.Duration(20+r.IntN(60))*time.Millisecond, time.Duration(10+r.IntN(90))*time.Millisecond
		a.pause(life)
		if b == nil || !a.replay.step(round) {
			continue
		}
		kills++
		a.slay(b, death)
	}
	a.board.fact("mass: %d times a server was killed", kills)
}

// slay kills a server and starts it again after some time.
func (a *act) slay(b *barn, death time.Duration) {
	b.kill()
	a.pause(death)
	a.await("its port for a server that is born again", func() bool { return b.raise() == nil })
}

// total returns the number of requests in the last scrape.
func (s *scraper) total() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return 0
	}
	return s.last.all((*counts).total)
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const gateShards gate = "two shards together are the mix of one process"

// sharedBursts is the number of bursts to compare the processes over.
const sharedBursts = 2

// sharedEvery is the time between two bursts. They end within a quarter of it.
const sharedEvery = 2 * time.Second

// shared are the targets that one process fires alone, and two shards together. Their bursts are no whole blocks of the
// mix: the slot decides which requests they have.
func shared() []shopper {
	return []shopper{
		{name: "shared-mix", wire: wireH1, burst: "{requests: 27, concurrency: 4}", most: plenty, steady: true, abreast: 4},
		{name: "shared-open", wire: wireClear, burst: "{rate: 100, duration: 190ms, concurrency: 10}", most: plenty, steady: true},
		{name: "shared-journey", wire: wireH1, burst: "{requests: 9, concurrency: 4}", capture: "json: token", steady: true, abreast: 4},
	}
}

// shards has a process, and beside it two shards of another, fire the same mixes at the same time.
func (g *gauntlet) shards(s *stage) {
	open := func() (*farm, []target) {
		f := newFarm(s)
		targets := f.shopping(g.seed, shared(), true)
		for i := range targets {
			targets[i].interval, targets[i].keys = sharedEvery.String(), append([]string{"sharding: load"}, targets[i].keys...)
		}
		return f, targets
	}
	alone, own := open()
	both, common := open()
	daemons := []*act{g.begin("calm-alone", alone, own)}
	for shard := range 2 {
		name := fmt.Sprintf("calm-shard-%d", shard)
		daemons = append(daemons, g.begin(name, both, common, fmt.Sprintf("--shard=%d", shard), "--total-shards=2"))
	}
	for _, a := range daemons {
		a.load()
	}
	before := map[string][]*counts{}
	for i := range own {
		before[own[i].name] = awaitSlot(daemons, own[i].name, 1)
	}
	for i := range own {
		g.compareShards(daemons, own[i].name, before[own[i].name])
	}
	daemons[0].judgeShops(daemons[0].finish())
	g.endShards(daemons[1:], common)
}

// compareShards compares the requests of two shards for a target in some bursts with the requests of one process, the
// first, in the same bursts. On a busy machine a process may leave a slot out: then the comparison begins anew.
func (g *gauntlet) compareShards(daemons []*act, target string, before []*counts) {
	var after []*counts
	daemons[0].await("bursts of which no shard leaves one out", func() bool {
		after = awaitSlot(daemons, target, before[0].bursts+sharedBursts)
		for i := range after {
			if after[i].skipped > before[i].skipped {
				before = after
				return false
			}
		}
		return true
	})
	alone, together := map[string]float64{}, map[string]float64{}
	for i := range after {
		of := together
		if i == 0 {
			of = alone
		}
		for name, part := range after[i].parts {
			of[name] += part.scheduled
			if was := before[i].parts[name]; was != nil {
				of[name] -= was.scheduled
			}
		}
	}
	g.board.hold(gateShards, maps.Equal(alone, together) && sum(alone) > 0,
		"%s: in the same bursts one process sent %v, and two shards together %v", target, alone, together)
	g.board.fact("%s: one process sent %v, and two shards together %v", target, alone, together)
}

// awaitSlot waits until all daemons have ended the burst of the same slot, and returns their counts. The slot is that
// of burst number bursts in the first daemon, or a later one. awaitSlot looks between two slots.
func awaitSlot(daemons []*act, target string, bursts float64) (all []*counts) {
	daemons[0].await("the same slot in all shards", func() bool {
		daemons[0].pause(50 * time.Millisecond)
		all = make([]*counts, len(daemons))
		var scraping sync.WaitGroup
		for i, a := range daemons {
			scraping.Go(func() {
				if v, err := a.s.scrape(a.ctx); err == nil {
					all[i] = v.of(target)
				}
			})
		}
		scraping.Wait()
		return !slices.ContainsFunc(all, isWithinSlot) && all[0].bursts >= bursts
	})
	return all
}

// isWithinSlot reports whether a burst may be under way, or about to begin.
func isWithinSlot(c *counts) bool {
	if c == nil || c.bursts == 0 || c.inFlight+c.waiting > 0 {
		return true
	}
	ago := time.Since(time.UnixMilli(int64(1000 * c.started)))
	return ago < sharedEvery/4 || ago > sharedEvery*9/10
}

// endShards ends the shards of one process, and compares their counts together with their ledger.
func (g *gauntlet) endShards(shards []*act, targets []target) {
	total := map[string]*counts{}
	for _, a := range shards {
		v := a.settle()
		for i := range targets {
			name := targets[i].name
			if total[name] == nil {
				total[name] = newCounts()
			}
			total[name].merge(v.of(name))
		}
		a.terminate(func(*view) {})
		a.reread(false)
	}
	a := shards[0]
	for i := range targets {
		t, c := &targets[i], total[targets[i].name]
		a.reconcileIDs(t, c)
		a.reconcileAnswers(t, c)
		a.judgeItems(t, c)
		wrong, odd := t.shop.shop.mistakes()
		repeated := t.shop.shop.repeated()
		a.board.hold(gateRows, len(wrong)+len(repeated) == 0, "%s: %.1000q; more than once came %v", t.name, wrong, repeated)
		if t.shop.capture != "" {
			a.board.hold(gateVisitors, len(odd) == 0, "%s: %d times: %.1000q", t.name, len(odd), odd)
			a.judgeJourneys(t, c)
		}
	}
}

// merge adds the counts of another shard.
func (c *counts) merge(other *counts) {
	c.scheduled += other.scheduled
	c.unsent += other.unsent
	for end, n := range other.journeys {
		c.journeys[end] += n
	}
	for code, n := range other.requests {
		c.requests[code] += n
	}
	for name, part := range other.parts {
		if c.parts[name] == nil {
			c.parts[name] = newCounts()
		}
		c.parts[name].merge(part)
	}
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	gateItems    gate = "each request of a mix, and each step, is counted as itself"
	gateShare    gate = "each request of a mix has its share"
	gateRows     gate = "data arrives as it is, in order evenly, unique once"
	gateJourneys gate = "journeys begin and end where the server saw it"
	gateVisitors gate = "a visitor goes step by step, with its own cookie, token and row"
	gateReshaped gate = "reloads within mixes and journeys lose nothing"
)

// reshapeEvery is the time between two reloads that change mixes, journeys and their data.
const reshapeEvery = 650 * time.Millisecond

// beside runs a second daemon with mixes and journeys beside the mass. Its memory has a bound of its own. halt ends the
// load. wait does too, and waits for the end of the daemon.
func (g *gauntlet) beside(s *stage, all []shopper) (halt, wait func()) {
	if len(all) == 0 {
		return func() {}, func() {}
	}
	over, ended := make(chan struct{}), make(chan error, 1)
	halt = sync.OnceFunc(func() { close(over) })
	go func() { ended <- play(s.ctx, func(s *stage) { g.shops(s, all, over) }) }()
	return halt, func() {
		halt()
		if err := <-ended; err != nil {
			s.Errorf("%w", err)
		}
	}
}

// shops is the life of that daemon. Its load ends when over is closed.
func (g *gauntlet) shops(s *stage, all []shopper, over <-chan struct{}) {
	f := newFarm(s)
	a := g.begin("mass-shops", f, f.shopping(g.seed, all, false))
	a.load()
	a.reshape(over)
	a.judgeReshaped()
	a.judgeShops(a.finish())
}

// firstSteps returns the first step of each journey, by target.
func firstSteps(targets []target) map[string]string {
	first := map[string]string{}
	for i := range targets {
		if s := targets[i].shop; s != nil && s.capture != "" {
			first[targets[i].name] = s.shop.steps[0]
		}
	}
	return first
}

// supply writes all files of data of the targets.
func (a *act) supply() {
	for i := range a.targets {
		if s := a.targets[i].shop; s != nil {
			a.must(s.write(a.dir))
		}
	}
}

// reshape reloads changed mixes, journeys and data now and then, in the middle of the daemon's bursts, until over is
// closed.
func (a *act) reshape(over <-chan struct{}) {
	ticker := time.NewTicker(reshapeEvery)
	defer ticker.Stop()
	for round := 0; ; round++ {
		select {
		case <-over:
			return
		case <-ticker.C:
			a.turn(round)
		}
	}
}

// turn changes all mixes and journeys once.
func (a *act) turn(round int) {
	for i := range a.targets {
		if t := &a.targets[i]; t.shop != nil {
			t.shop.turn(round)
			t.keys[len(t.keys)-1] = t.shop.text()
		}
	}
	a.supply()
	a.configure(a.targets, "")
}

// judgeShops compares the counts of mixes and journeys with the records of their servers.
func (a *act) judgeShops(v *view) {
	for i := range a.targets {
		t := &a.targets[i]
		if t.shop == nil {
			continue
		}
		c := v.of(t.name)
		a.judgeItems(t, c)
		a.judgeRows(t, c)
		if t.shop.capture != "" {
			a.judgeJourneys(t, c)
		}
		if t.shop.whole {
			a.judgeShare(t, c)
		}
	}
}

// judgeJourneys compares the counted ends of journeys with the ends that the server gave them.
func (a *act) judgeJourneys(t *target, c *counts) {
	want, got := t.shop.shop.journeys(), some(c.journeys)
	a.board.hold(gateJourneys, maps.Equal(want, got), "%s: the server saw journeys end %v, and they are counted %v", t.name, want, got)
	a.board.fact("%s: %s: journeys %v", a.name, t.name, got)
}

// judgeItems compares each request with its page of the ledger.
func (a *act) judgeItems(t *target, c *counts) {
	names := maps.Clone(c.parts)
	for name, n := range t.shop.shop.requests() {
		a.board.hold(gateItems, c.parts[name] != nil, "%s: %d requests are called %q", t.name, n, name)
		if names[name] == nil {
			names[name] = newCounts()
		}
	}
	for name, part := range names {
		p := a.farm.ledger.read(pageOf(t.name, name))
		want, got := map[string]float64{}, part.codes()
		for code, n := range p.want {
			want[code] = float64(n)
		}
		delete(got, codeUsedUp) // no server sees it
		isSame := maps.Equal(want, got) && float64(p.seen) == sum(got) && len(p.twice) == 0
		a.board.hold(gateItems, isSame, "%s: %d ids of %s were seen, for codes %v, and counted are %v", t.name, p.seen, name, want, got)
	}
}

// codeUsedUp is the code of requests for which no unique value is left.
const codeUsedUp = "1024"

// judgeRows checks how the data were used.
func (a *act) judgeRows(t *target, c *counts) {
	p := t.shop.shop
	wrong, odd := p.mistakes()
	uneven, unlike := p.uneven(), p.unlike()
	a.board.hold(gateRows, len(wrong) == 0, "%s: %.1000q", t.name, wrong)
	used := c.requests[codeUsedUp] // each has drawn a row that was never sent
	a.board.hold(gateRows, uneven == "" || used > 0, "%s: %s", t.name, uneven)
	a.board.hold(gateRows, unlike == "", "%s: %s", t.name, unlike)
	if used > 0 {
		a.board.hold(gateRows, t.shop.most == len(p.once), "%s: %v requests found all used up, and %d of %d were", t.name, used, len(p.once), t.shop.most)
	}
	if t.shop.capture != "" {
		a.board.hold(gateVisitors, len(odd) == 0, "%s: %d times: %.1000q", t.name, len(odd), odd)
	}
}

// judgeShare checks the requests of a mix with constant weights against these. Each whole block is in proportion. The
// last burst was cut within a block, and no worker sent some of its requests.
func (a *act) judgeShare(t *target, c *counts) {
	weights, block := t.shop.weights(), 0
	for _, w := range weights {
		block += w
	}
	blocks := c.scheduled / float64(block)
	for name, w := range weights {
		got := c.parts[name]
		slack := float64(w + t.shop.abreast)
		isShare := got != nil && got.scheduled >= blocks*float64(w)-slack && got.scheduled <= blocks*float64(w)+slack
		a.board.hold(gateShare, isShare, "%s: of %v requests %v are %s, whose weight is %d of %d", t.name, c.scheduled, got, name, w, block)
	}
}

// judgeReshaped checks that reloads came in the middle of bursts, and that closed bursts lost nothing. Call it before
// the bursts are ended.
func (a *act) judgeReshaped() {
	v := a.scrape()
	for i := range a.targets {
		t := &a.targets[i]
		if t.shop == nil {
			continue
		}
		c, versions := v.of(t.name), t.shop.shop.versions()
		isWhole := c.requests["1001"] == 0 && (t.shop.abreast == 0 || c.dropped == 0)
		a.board.hold(gateReshaped, isWhole, "%s: codes %v, %v dropped", t.name, c.codes(), c.dropped)
		a.board.hold(gateReshaped, versions > 1 || t.leeway != nil, "%s: %d versions of its data", t.name, versions)
		added := map[bool]string{true: "extra", false: "thank"}[t.shop.capture == ""]
		isThere := slices.Contains(slices.Collect(maps.Keys(t.shop.shop.requests())), added)
		a.board.hold(gateReshaped, isThere != t.shop.steady, "%s: %s was asked for: %v", t.name, added, isThere)
	}
}

// some returns the entries above 0.
func some(all map[string]float64) map[string]float64 {
	of := map[string]float64{}
	for key, n := range all {
		if n > 0 {
			of[key] = n
		}
	}
	return of
}

// String describes the counts of one request.
func (c *counts) String() string {
	return fmt.Sprintf("%v scheduled, %v dropped, codes %v", c.scheduled, c.dropped, c.codes())
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	gateOwnFault  gate = "with a ceiling of connections, few descriptors fail no request"
	gateUncapped  gate = "without one, few descriptors come to code 1002 and nothing else, and scrapes and reloads go on"
	gateBlameless gate = "trouble of the prober's own makes no target fail"
)

// distress has several daemons in trouble of their own, each in another, at once.
func (g *gauntlet) distress(s *stage) {
	troubles := []struct {
		name string
		run  func(*gauntlet, *stage)
	}{
		{"choked", (*gauntlet).choke},
		{"starved", (*gauntlet).starve},
		{"uncapped", (*gauntlet).starveUncapped},
		{"mute", (*gauntlet).mute},
		{"confined", (*gauntlet).confine},
		{"crushed", (*gauntlet).crush},
		{"bombed", (*gauntlet).bomb},
	}
	errs := make([]error, len(troubles))
	var running sync.WaitGroup
	for i, trouble := range troubles {
		running.Go(func() {
			if err := play(s.ctx, func(s *stage) { trouble.run(g, s) }); err != nil {
				errs[i] = fmt.Errorf("%s: %w", trouble.name, err)
			}
		})
	}
	running.Wait()
	s.must(errors.Join(errs...))
}

// starving leaves too few descriptors for the connections of a greedy burst.
const starving = "ulimit -n 64"

// greedy opens a target whose bursts want more connections than starving allows, and whose breaker opens after a few
// failures.
func (f *farm) greedy() []target {
	b := f.open(f.serveHTTP1(func(string, int) move { return move{text: okText, code: "0", after: 200 * time.Millisecond} }))
	return []target{{
		name: "greedy", url: b.url("http", "greedy"), barn: b, exact: true, interval: "1s",
		burst: "{requests: 200, concurrency: 100}", keys: []string{"breaker: {after: 3, for: 1m}"},
	}}
}

// starve lets a burst want more connections than the daemon may have files open.
func (g *gauntlet) starve(s *stage) {
	f := newFarm(s)
	targets := f.greedy()
	a := g.beginBehind("starved", starving, f, targets, "--limit.connections=30")
	a.perform(4 * time.Second)
	v := a.finish()
	c := v.of("greedy")
	g.board.hold(gateOwnFault, slices.Equal(codesOf(c), []string{"0"}) && c.dropped == 0,
		"after %s the codes are %v, and %v were dropped", starving, c.codes(), c.dropped)
}

// starveUncapped does the same without a ceiling. A refused connection is then the prober's own trouble, and no
// target's failure.
func (g *gauntlet) starveUncapped(s *stage) {
	f := newFarm(s)
	targets := f.greedy()
	targets[0].starved = true
	a := g.beginBehind("uncapped", starving, f, targets)
	a.load()
	for range 20 {
		s.pause(200 * time.Millisecond)
		err := a.d.configure(s.ctx, a.config(targets, ""))
		g.board.hold(gateUncapped, err == nil, "a reload among few descriptors: %v", err)
		g.board.hold(gateBlameless, !a.s.now().of("greedy").breakerOpen, "code 1002 opened the breaker")
	}
	g.judgeBlame(a)
	v := a.finish()
	c := v.of("greedy")
	g.board.hold(gateUncapped, slices.Equal(codesOf(c), []string{"0", "1002"}), "after %s the codes are %v", starving, c.codes())
}

// judgeBlame checks that the daemon does not blame a target for requests that it could not send.
func (g *gauntlet) judgeBlame(a *act) {
	var said struct {
		Targets []struct {
			State        string  `json:"state"`
			FailingSince *string `json:"failing_since"`
			Failed       int     `json:"failed"`
			OwnFailed    int     `json:"own_failed"`
		} `json:"targets"`
	}
	_, body, err := fetch(a.ctx, http.MethodGet, a.d.url+"/api/v1/targets", "")
	if err == nil {
		err = json.Unmarshal(body, &said)
	}
	isBlameless := err == nil && len(said.Targets) == 1
	for _, t := range said.Targets {
		isBlameless = isBlameless && t.State == "troubled" && t.FailingSince == nil && t.Failed == 0 && t.OwnFailed > 0
	}
	g.board.hold(gateBlameless, isBlameless, "the API says %s, %v", body, err)
}

// beginBehind starts the daemon from a shell. The shell runs a command and then becomes the daemon.
func (g *gauntlet) beginBehind(name, command string, f *farm, targets []target, flags ...string) *act {
	behind := *g
	behind.binary = g.dir + "/" + name + ".sh"
	text := fmt.Sprintf("#!/bin/sh\n%s\nexec %s \"$@\"\n", command, g.binary)
	f.must(os.WriteFile(behind.binary, []byte(text), 0o700)) //nolint:gosec // it has to be executable
	return behind.begin(name, f, targets, flags...)
}

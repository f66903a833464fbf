package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

const gateBombed gate = "bombs in all codings at once end no daemon that has 64 MiB"

// The memory that the daemon may take. The kernel kills it above the limit, and counts the pages of its program in use.
// The gauntlet measures the daemon's own memory.
const (
	bombedLimit  = 64       // MiB
	bombedAtMost = 62 << 10 // KiB
)

// bomb has bombs in each coding for a hundred targets. Nothing tells the daemon how much memory there is.
func (g *gauntlet) bomb(s *stage) {
	f := newFarm(s)
	targets := f.bombs(g.seed)
	command := "unset GOMEMLIMIT GOGC"
	group, err := rig.MemoryGroup(fmt.Sprintf("prober-gauntlet-%d", os.Getpid()), bombedLimit)
	if err != nil {
		g.board.fact("distress: no control group, so that memory is measured and not limited: %v", err)
	} else {
		defer func() { _ = until(s.ctx, "an empty group", func() bool { return os.Remove(group) == nil }) }()
		command += "\necho $$ >" + filepath.Join(group, "cgroup.procs")
	}
	a := g.beginBehind("bombed", command, f, targets)
	a.bombed = true
	a.s.start(s.ctx)
	err = a.d.configure(s.ctx, a.config(targets, "")) // the daemon may die of it
	if err == nil {
		s.pause(g.length(8*time.Second, 30*time.Second))
	}
	if a.d.hasEnded() {
		g.board.hold(gateBombed, false, "the daemon has ended, %v: %.500s", err, a.d.output.String())
		return
	}
	s.must(err)
	own, err := a.ownMemory()
	g.board.hold(gateBombed, err == nil && own < bombedAtMost, "%d KiB of its own in memory, %v", own, err)
	v := a.finish()
	for _, t := range targets {
		c := v.of(t.name)
		if t.name == "bombed-fine" {
			g.board.hold(gateBombed, c.failed() == 0 && c.total() > 0, "%s has codes %v", t.name, c.codes())
			continue
		}
		known := []string{"0", "1002", "1701", "1703", "1704", "1712"}
		g.board.hold(gateBombed, c.total() > 0 && !slices.ContainsFunc(codesOf(c), func(code string) bool { return !slices.Contains(known, code) }), "%s has codes %v", t.name, c.codes())
	}
}

// bombs opens a server with many bodies, and a hundred targets on it. Every second target looks at the body.
func (f *farm) bombs(seed uint64) []target {
	answers := bombAnswers(seed)
	b := f.open(f.serveHTTP1(func(name string, _ int) move {
		var i int
		if _, err := fmt.Sscanf(name, "bombed-%d", &i); err != nil {
			return okMove()
		}
		return move{text: answers[i%len(answers)]}
	}))
	targets := []target{{name: "bombed-fine", url: b.url("http", "bombed-fine"), interval: "1s", burst: "{requests: 4}"}}
	for i := range 99 {
		t := target{
			name: fmt.Sprintf("bombed-%d", i), interval: "1s", burst: "{rate: 4, requests: 4, concurrency: 4}", starved: true,
			keys: []string{"request: {compression: [gzip, deflate, br, zstd]}"},
		}
		t.url = b.url("http", t.name)
		if i/len(answers)%2 == 0 {
			t.keys = append(t.keys, "expect: {body: {contains: never}}")
		}
		targets = append(targets, t)
	}
	return targets
}

// bombAnswers returns an answer with each hostile body.
func bombAnswers(seed uint64) (answers []string) {
	for _, b := range peers.HostileBodies(seed) {
		answers = append(answers, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s",
			cmp.Or(b.Coding, "identity"), len(b.Content), b.Content))
	}
	return answers
}

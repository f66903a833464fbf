package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

const (
	gateOwnFault gate = "with a ceiling of connections, few descriptors fail no request"
	gateBlocked  gate = "a log that nobody reads holds nothing up"
)

// distress is an act in which the daemon itself is in trouble: it has few
// descriptors, and nobody reads its log.
func (g *gauntlet) distress(ctx context.Context) error {
	if err := g.choke(ctx); err != nil {
		return err
	}
	return g.starve(ctx)
}

// descriptorsOfTheStarved are too few for the connections that its burst wants.
const descriptorsOfTheStarved = 64

// starve lets a burst want more connections than the daemon may have files open.
func (g *gauntlet) starve(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	b, err := f.open(f.serveHTTP1(func(string, int) move { return move{text: okText, code: "0", after: 200 * time.Millisecond} }))
	if err != nil {
		return err
	}
	targets := []target{{
		name: "greedy", url: "http://" + b.address + "/greedy/", barn: b, exact: true, interval: "1s",
		burst: "{requests: 200, concurrency: 100}",
	}}
	// Without a ceiling most requests would come to 1002, the trouble of a prober that runs short of descriptors.
	// A shell lowers the limit and becomes the daemon.
	shell, err := g.script("starved", fmt.Sprintf("ulimit -n %d\nexec %s \"$@\"\n", descriptorsOfTheStarved, g.binary))
	if err != nil {
		return err
	}
	starved := *g
	starved.binary = shell
	a, err := starved.begin(ctx, "starved", f, targets, "--limit.connections=30")
	if err != nil {
		return err
	}
	defer a.abandon()
	if err := a.load(); err != nil {
		return err
	}
	if err := pause(ctx, 4*time.Second); err != nil {
		return err
	}
	v, err := a.finish()
	if err != nil {
		return err
	}
	c := v.of("greedy")
	g.board.hold(gateOwnFault, slices.Equal(codesOf(c), []string{"0"}) && c.dropped > 0, "with %d descriptors the codes are %v", descriptorsOfTheStarved, c.codes())
	return nil
}

// script writes a program for the shell.
func (g *gauntlet) script(name, text string) (string, error) {
	path := g.dir + "/" + name + ".sh"
	return path, os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700) //nolint:gosec // it has to be executable
}

// choke stops to read the log, and looks whether bursts, scrapes and reloads go on
// when the pipe of it is full.
func (g *gauntlet) choke(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	targets, err := f.healthy()
	if err != nil {
		return err
	}
	a, err := g.begin(ctx, "choked", f, targets)
	if err != nil {
		return err
	}
	defer a.abandon()
	if err := a.load(); err != nil {
		return err
	}
	if err := a.awaitAll(); err != nil {
		return err
	}
	open := a.d.output.shut()
	defer open()
	mistakes := a.config(targets, "") + strings.Repeat("  - {name: odd, nonsense: 1, url: 'ftp://127.0.0.1/', interval: -5s}\n", 50)
	if err := os.WriteFile(a.d.file, []byte(mistakes), 0o600); err != nil {
		return err
	}
	// Each attempt to load tells the log as much as it answers. When the pipe is full
	// it waits for a reader: that is what the rest must not do.
	stuck, cancel := context.WithCancel(ctx)
	defer cancel()
	full := make(chan struct{})
	go func() {
		defer close(full)
		for range 2 * pipeSize / len(mistakes) {
			if _, _, err := fetch(stuck, http.MethodPost, a.d.url+"/-/reload", ""); err != nil {
				return
			}
		}
	}()
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	before := a.s.total()
	err = until(ctx, "more requests", func() bool { return a.s.total() > before+1000 })
	g.board.hold(gateBlocked, err == nil, "while nobody reads the log: %v", err)
	cancel()
	<-full
	open()
	_, err = a.finish()
	return err
}

// pipeSize is above what lies between a daemon that writes and the gauntlet that
// does not read: the pipe itself, and the buffer of its reader.
const pipeSize = 64<<10 + 32<<10

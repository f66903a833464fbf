package main

import (
	"context"
	"errors"
	"time"
)

const (
	gateBurst   gate = "SIGTERM within a burst loses no request"
	gateRestart gate = "a daemon that was killed starts again and counts from nothing"
)

// ends is the fifth act: the daemon is ended in the middle of its work, in both
// ways, and started again.
func (g *gauntlet) ends(ctx context.Context) error {
	f, err := newFarm()
	if err != nil {
		return err
	}
	defer f.close()
	targets, err := f.kept()
	if err != nil {
		return err
	}
	for range 3 {
		if err := g.killed(ctx, f, targets); err != nil {
			return err
		}
		if err := g.terminated(ctx, f, targets); err != nil {
			return err
		}
	}
	return nil
}

// underWay starts a daemon and waits until it is busy.
func (g *gauntlet) underWay(ctx context.Context, f *farm, targets []target) (*act, error) {
	a, err := g.begin(ctx, "ends", f, targets)
	if err != nil {
		return nil, err
	}
	if err = a.load(); err == nil {
		err = a.awaitAll()
	}
	if err != nil {
		a.abandon()
	}
	return a, err
}

// killed ends a life of the daemon with SIGKILL.
func (g *gauntlet) killed(ctx context.Context, f *farm, targets []target) error {
	a, err := g.underWay(ctx, f, targets)
	if err != nil {
		return err
	}
	a.abandon()
	return errors.Join(a.reread(false), pause(ctx, 200*time.Millisecond)) // what is on its way arrives
}

// terminated is a life that ends with SIGTERM: its last scrape must be the farm's
// ledger of that life.
func (g *gauntlet) terminated(ctx context.Context, f *farm, targets []target) error {
	before := map[string]page{}
	for _, t := range targets {
		before[t.name] = f.ledger.read(t.name)
	}
	a, err := g.underWay(ctx, f, targets)
	if err != nil {
		return err
	}
	defer a.abandon()
	a.s.halt()
	err = a.end(func(last *view) {
		for _, t := range targets {
			c, now := last.of(t.name), f.ledger.read(t.name)
			seen := float64(now.seen - before[t.name].seen)
			g.board.hold(gateRestart, seen == c.total()-c.unsent(), "%s: %v ids in this life, %v counted", t.name, seen, c.total()-c.unsent())
			g.board.hold(gateBurst, c.failed() == 0, "%s has codes %v", t.name, c.codes())
			g.board.hold(gateOnce, len(now.twice) == 0, "%s: %q came twice over lives of the daemon", t.name, now.twice)
		}
	})
	return errors.Join(err, a.reread(false))
}

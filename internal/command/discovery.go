package command

import (
	"context"
	"errors"
	"time"

	"example.com/prober/config"
	"example.com/prober/discover"
	"example.com/prober/prober"
)

const (
	// readyWithin is how long the prober waits for discoveries before it says that it is
	// ready: one that hangs must not hold the rest.
	readyWithin = 30 * time.Second
	// discoveriesEnd is how long discoveries have to end at the shutdown. That of Consul may
	// take longer, as it sleeps between two questions whatever happens.
	discoveriesEnd = time.Second
)

// pacing says when what was found is applied: at once after a quiet time, and otherwise
// when an interval has passed since the last time.
type pacing struct {
	interval time.Duration
	last     time.Time
	timer    *time.Timer
	due      <-chan time.Time // nil if nothing waits
}

// ask makes due deliver as soon as may be.
func (p *pacing) ask() {
	if p.due != nil {
		return
	}
	p.timer = time.NewTimer(max(0, time.Until(p.last.Add(p.interval))))
	p.due = p.timer.C
}

// done begins the next interval.
func (p *pacing) done() {
	p.stop()
	p.last = time.Now()
}

func (p *pacing) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.due = nil
}

// applyFound makes what the discoveries found part of the running targets.
func (d *daemon) applyFound() {
	d.mu.Lock()
	defer d.mu.Unlock()
	cfg, start := d.current.Load(), time.Now()
	found := d.discoveries.Targets(cfg.Targets)
	refused, err := d.manager.ApplyFound(cfg, found)
	if err != nil {
		d.log.Error("what was discovered was not applied", "err", err)
		return
	}
	d.discoveries.Refused(refused, reasonOf)
	d.log.Debug("what was discovered was applied", "targets", len(found), "refused", len(refused), "took", time.Since(start))
}

// reasonOf says under which reason a target is left out that the manager refused.
func reasonOf(err error) discover.Reason {
	if errors.Is(err, prober.ErrTooManyTargets) {
		return discover.ReasonLimit
	}
	return discover.ReasonRefused
}

// applyAll makes the targets of cfg and what its discoveries have found the running ones,
// and starts discoveries that are new. If it fails nothing has changed.
func (d *daemon) applyAll(cfg *config.Config) error {
	change, err := d.discoveries.Prepare(cfg.Discover)
	if err != nil {
		return err
	}
	if len(cfg.Discover) > 0 {
		addThreads()
	}
	refused, err := d.manager.ApplyFound(cfg, change.Targets(cfg.Targets))
	if err != nil {
		return err
	}
	change.Commit()
	d.discoveries.Refused(refused, reasonOf)
	return nil
}

// awaitDiscoveries waits for discoveries that were stopped, and goes on without those that
// hang.
func (d *daemon) awaitDiscoveries() {
	ctx, cancel := context.WithTimeout(context.Background(), discoveriesEnd)
	defer cancel()
	if err := d.discoveries.Wait(ctx); err != nil {
		d.log.Debug("not all discoveries have ended", "err", err)
	}
}

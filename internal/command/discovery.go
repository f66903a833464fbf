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
	// readyWithin bounds how long the prober waits for discoveries before it reports ready: a hanging discovery must
	// not hold up the rest.
	readyWithin = 30 * time.Second
	// discoveriesEnd is how long discoveries have to end at shutdown. The discovery of Consul may take longer: it
	// always sleeps between two queries.
	discoveriesEnd = time.Second
)

// pacing decides when to apply the found targets: at once after a quiet time, otherwise once an interval has passed
// since the last time.
type pacing struct {
	interval time.Duration
	last     time.Time
	timer    *time.Timer
	due      <-chan time.Time // nil if nothing waits
}

// ask makes due deliver as soon as the pace allows.
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

// applyFound adds the found targets to the running ones.
func (d *daemon) applyFound() {
	d.mu.Lock()
	defer d.mu.Unlock()
	cfg, start := d.current.Load(), time.Now()
	found := d.discoveries.Targets(cfg.Targets)
	refused, err := d.manager.ApplyFound(cfg, found)
	if err != nil {
		d.log.Error("the discovered targets were not applied", "err", err)
		return
	}
	d.discoveries.Refused(refused, reasonOf)
	d.log.Debug("the discovered targets were applied", "targets", len(found), "refused", len(refused), "took", time.Since(start))
}

// reasonOf returns the reason for a target refused by the manager.
func reasonOf(err error) discover.Reason {
	if errors.Is(err, prober.ErrTooManyTargets) {
		return discover.ReasonLimit
	}
	return discover.ReasonRefused
}

// applyAll runs the targets of cfg and the targets found by its discoveries, and starts new discoveries. If it fails,
// nothing has changed.
func (d *daemon) applyAll(cfg *config.Config) error {
	change, err := d.discoveries.Prepare(cfg.Discover)
	if err != nil {
		return err
	}
	if len(cfg.Discover) > 0 {
		addThreads()
	}
	// The manager comes before Commit: it can still refuse, and the old discoveries are still running then.
	refused, err := d.manager.ApplyFound(cfg, change.Targets(cfg.Targets))
	if err != nil {
		return err
	}
	change.Commit()
	d.discoveries.Refused(refused, reasonOf)
	return nil
}

// awaitDiscoveries waits for stopped discoveries, but not for hanging ones.
func (d *daemon) awaitDiscoveries() {
	ctx, cancel := context.WithTimeout(context.Background(), discoveriesEnd)
	defer cancel()
	if err := d.discoveries.Wait(ctx); err != nil {
		d.log.Debug("not all discoveries have ended", "err", err)
	}
}

// Package discover finds targets with Prometheus' own service discovery and relabelling.
//
// A [Set] runs the mechanisms of all discoveries of a configuration. What they find passes
// the rules of relabelling, as in Prometheus, and the template of the discovery makes a
// target of it. What cannot be a target is left out with a [Reason] and hurts no other.
// When a discovery fails, or finds nothing any more, what it found last stays for a time.
package discover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/config"
)

// Set is the discoveries that run. Its methods may be called from any goroutine, but one
// change at a time is made.
type Set struct {
	log     *slog.Logger
	changed chan struct{}
	meters  atomic.Pointer[map[string]*meter] // by the name of the discovery

	mu      sync.Mutex
	entries []*entry
	stopped []*source // that may not have ended yet
}

// New returns a set without discoveries.
func New(log *slog.Logger) *Set {
	watchRequests()
	return &Set{log: log, changed: make(chan struct{}, 1)}
}

// Changed delivers when Targets may return something else than before.
func (s *Set) Changed() <-chan struct{} { return s.changed }

func (s *Set) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// IsIn reports whether each mechanism has said what there is, or has failed.
func (s *Set) IsIn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(s.entries, func(e *entry) bool { return !e.isIn() })
}

// Targets returns what was found, in the order of the discoveries and of names. Those of
// written come first: what was found under one of their names is left out.
func (s *Set) Targets(written []config.Target) []config.Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	targets := targetsOf(s.entries, written, time.Now())
	s.measure()
	return targets
}

// Refused says which of the targets that Targets returned last were not started, and why.
func (s *Set) Refused(refused map[string]error, reason func(error) Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		for _, it := range e.targets {
			if err := refused[it.made.target.Name]; err != nil && it.reason == "" {
				it.leaveOut(reason(err), e.clean(err.Error()))
			}
		}
	}
	s.measure()
}

// targetsOf decides between discoveries.
func targetsOf(entries []*entry, written []config.Target, now time.Time) []config.Target {
	owners := make(map[string]string, len(written))
	for i := range written {
		owners[written[i].Name] = "the configuration"
	}
	var targets []config.Target
	for _, e := range entries {
		e.work(now)
		for _, it := range e.targets {
			it.reason, it.why = "", ""
			name := it.made.target.Name
			if owner, taken := owners[name]; taken {
				it.leaveOut(ReasonDuplicate, fmt.Sprintf("%s has a target of the name %s", owner, name))
				continue
			}
			owners[name] = "the discovery " + e.cfg.Name
			targets = append(targets, it.made.target)
		}
	}
	return targets
}

// measure brings the numbers for metrics up to date.
func (s *Set) measure() {
	for _, e := range s.entries {
		count := e.counts()
		e.meter.targets.set(float64(count[""]))
		for i, reason := range Reasons() {
			e.meter.leftOut[i].set(float64(count[reason]))
		}
	}
}

// counts returns how many of what was found came to what; "" is a target.
func (e *entry) counts() map[Reason]int {
	count := map[Reason]int{ReasonMax: e.beyond}
	for _, it := range e.items {
		count[it.reason]++
	}
	return count
}

// Change is a set of discoveries that is ready to replace the running one.
type Change struct {
	set     *Set
	entries []*entry
	fresh   []*source
}

// Prepare returns what the discoveries of a configuration would be. Nothing changes until
// Commit. Mechanisms that are the same go on. The error is [form.Errors].
func (s *Set) Prepare(cfgs []config.Discover) (*Change, error) {
	all, err := parseAll(cfgs)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Change{set: s}
	for i := range cfgs {
		if err := c.add(cfgs[i], all[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// add adds a discovery. What one of the same name has found before stays until this one has
// found something.
func (c *Change) add(cfg config.Discover, of settings) error {
	e := newEntry(c.set, cfg, of.relabel)
	before := c.set.entry(cfg.Name)
	if before != nil {
		e.meter, e.last, e.emptied, e.saidEmpty = before.meter, before.last, before.emptied, before.saidEmpty
		if before.dirty {
			e.touched = before.touched
		}
	}
	for _, m := range of.mechanisms {
		source, err := c.source(m, before)
		if err != nil {
			return err
		}
		e.sources = append(e.sources, source)
	}
	e.awaiting = before != nil && !e.isIn()
	c.entries = append(c.entries, e)
	return nil
}

// source returns the source of a mechanism that runs already, or a new one.
func (c *Change) source(m mechanism, before *entry) (*source, error) {
	if before != nil {
		for _, s := range before.sources {
			if s.text == m.text && s.place == m.place {
				return s, nil
			}
		}
	}
	s, err := newSource(c.set, m)
	if err == nil {
		c.fresh = append(c.fresh, s)
	}
	return s, err
}

// Targets is as that of [Set], after the change.
func (c *Change) Targets(written []config.Target) []config.Target {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	return targetsOf(c.entries, written, time.Now())
}

// Commit makes the change: it starts what is new and stops what is gone.
func (c *Change) Commit() {
	s := c.set
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.entries
	s.entries = c.entries
	meters := make(map[string]*meter, len(c.entries))
	running := map[*source]bool{}
	for _, e := range c.entries {
		meters[e.cfg.Name] = e.meter
		for _, source := range e.sources {
			source.owner = e
			running[source] = true
		}
	}
	s.meters.Store(&meters)
	s.measure()
	for _, source := range c.fresh {
		source.start()
	}
	s.stopped = slices.DeleteFunc(s.stopped, (*source).hasEnded)
	for _, e := range old {
		for _, source := range e.sources {
			if !running[source] {
				source.stop()
				s.stopped = append(s.stopped, source)
			}
		}
	}
}

func (s *source) hasEnded() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Close has all discoveries end. Nothing is found any more.
func (s *Set) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		for _, source := range e.sources {
			source.stop()
			s.stopped = append(s.stopped, source)
		}
	}
	s.entries = nil
}

// Wait returns when all discoveries that were stopped have ended, or when ctx ends. The error
// names those that hang.
func (s *Set) Wait(ctx context.Context) error {
	s.mu.Lock()
	all := slices.Clone(s.stopped)
	s.mu.Unlock()
	var hang []string
	for _, source := range all {
		select {
		case <-source.ended:
		case <-ctx.Done():
			if !source.hasEnded() {
				hang = append(hang, source.owner.cfg.Name+": "+source.place)
			}
		}
	}
	if len(hang) > 0 {
		return errors.New("these discoveries have not ended: " + strings.Join(hang, ", "))
	}
	return nil
}

func (s *Set) entry(name string) *entry {
	for _, e := range s.entries {
		if e.cfg.Name == name {
			return e
		}
	}
	return nil
}

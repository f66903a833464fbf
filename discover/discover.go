// Package discover finds targets with Prometheus' own service discovery and relabelling.
//
// A [Set] runs the mechanisms of all discoveries of a configuration. Their results pass the rules of relabelling, as
// in Prometheus. Then the template of the discovery makes targets of them. A result that cannot be a target is left
// out with a [Reason], and does not affect the others. If a discovery fails, or finds nothing any more, its last
// results stay for a time.
//
// A reload goes by way of a [Change]: [Set.Prepare] reads the new discoveries and changes nothing, and
// [Change.Commit] puts them in place of the running ones. Mechanisms that stay the same go on running. [Set.Status]
// and [Set.Found] say what was found and what became of it.
//
// The mechanisms are those of Prometheus' libraries, which are not trusted to end, to be quiet or to hide secrets:
// each runs on goroutines of its own, its panics are failures, its answers over HTTP are bounded, and its messages
// are cleaned before anybody sees them.
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

// Set is a set of running discoveries. It is safe for concurrent use, but only one change may be made at a time.
type Set struct {
	log *slog.Logger
	// changed has room for one value: several changes before Targets is called are one.
	changed chan struct{}
	meters  atomic.Pointer[map[string]*meter] // by the name of the discovery

	mu      sync.Mutex
	entries []*entry
	stopped []*source // sources that may not have ended yet
}

// New returns a set without discoveries.
func New(log *slog.Logger) *Set {
	watchRequests()
	return &Set{log: log, changed: make(chan struct{}, 1)}
}

// Changed delivers when the result of Targets may have changed.
func (s *Set) Changed() <-chan struct{} { return s.changed }

func (s *Set) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// IsIn reports whether each mechanism has delivered its targets, or has failed.
func (s *Set) IsIn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(s.entries, func(e *entry) bool { return !e.isIn() })
}

// Targets returns the found targets, in the order of the discoveries and of names. The targets in written take
// precedence: a found target with one of their names is left out.
func (s *Set) Targets(written []config.Target) []config.Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	targets := targetsOf(s.entries, written, time.Now())
	s.measure()
	return targets
}

// Refused says which of the last targets from Targets were not started, and why.
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

// targetsOf resolves conflicts between discoveries.
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

// measure updates the numbers for metrics.
func (s *Set) measure() {
	for _, e := range s.entries {
		count := e.counts()
		e.meter.targets.set(float64(count[""]))
		for i, reason := range Reasons() {
			e.meter.leftOut[i].set(float64(count[reason]))
		}
	}
}

// counts returns the number of found items by reason; "" is a target.
func (e *entry) counts() map[Reason]int {
	count := map[Reason]int{ReasonMax: e.beyond}
	for _, it := range e.items {
		count[it.reason]++
	}
	return count
}

// Change is a set of discoveries, ready to replace the running one.
type Change struct {
	set     *Set
	entries []*entry
	fresh   []*source
}

// Prepare returns the change to the discoveries of a configuration. Nothing changes until Commit. Unchanged mechanisms
// keep running. The error is [form.Errors].
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

// add adds a discovery. It keeps the results of a running discovery of the same name until the new one has found
// something.
func (c *Change) add(cfg config.Discover, of settings) error {
	e := newEntry(c.set, cfg, of.relabel)
	before := c.set.entry(cfg.Name)
	if before != nil {
		// The meter goes on, so that the counter of failures does not fall at a reload.
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
	// A new mechanism has found nothing yet. To take that for its result would stop all targets of the discovery for
	// a moment.
	e.awaiting = before != nil && !e.isIn()
	c.entries = append(c.entries, e)
	return nil
}

// source returns the source of a mechanism: the running one, or a new one.
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

// Targets returns the same as [Set.Targets] after the change.
func (c *Change) Targets(written []config.Target) []config.Target {
	c.set.mu.Lock()
	defer c.set.mu.Unlock()
	return targetsOf(c.entries, written, time.Now())
}

// Commit makes the change: it starts new sources and stops removed ones.
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
	// Commit does not wait for those that stop: a mechanism may take its time, and a reload must not.
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

// Close stops all discoveries. Nothing is found any more.
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

// Wait returns when all stopped discoveries have ended, or when ctx ends. The error names those still running.
// Nothing else ends this wait if a library hangs.
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

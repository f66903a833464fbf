package discover

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"example.com/prober/config"
)

// maxFound bounds the sets of labels of one discovery. Further sets, in the order of the mechanisms, are left out
// before they are processed. A catalogue with a mistake in it may list anything, and each set takes memory before
// any rule has looked at it.
const maxFound = 200_000

// entry is one discovery of the running configuration. The lock of its set covers it.
type entry struct {
	cfg     config.Discover
	relabel []*relabel.Config
	sources []*source
	set     *Set

	dirty bool
	// touched is the time of the last change in the results.
	touched time.Time
	// round counts the runs of work.
	round uint64
	// To make a target means to read a configuration. Most sets of labels are the same as the last time.
	cache map[string]*made // by the labels after relabelling
	// byGroup has the items of unchanged groups.
	byGroup map[*group][]*item
	// items are the results. targets are the items that are targets as far as this discovery is concerned, in the order
	// of their names.
	items, targets []*item
	beyond         int // beyond maxFound
	// last is the last result with targets in it.
	last []*item
	// emptied is when the results became empty, or when waiting for a change of the configuration began; else zero.
	emptied   time.Time
	saidEmpty bool // in the log
	kept      bool // items are the items of last
	// awaiting is set after a change of the configuration, until each mechanism has reported.
	awaiting bool
	meter    *meter
}

func newEntry(set *Set, cfg config.Discover, rules []*relabel.Config) *entry {
	return &entry{
		cfg: cfg, relabel: rules, set: set, dirty: true, touched: time.Now(), cache: map[string]*made{}, byGroup: map[*group][]*item{}, meter: new(meter),
	}
}

// touch marks the results as changed.
func (e *entry) touch() {
	e.dirty, e.touched = true, time.Now()
	e.set.notify()
}

// tick ends the time for kept results.
func (e *entry) tick(now time.Time) {
	if e.kept && now.Sub(e.emptied) >= e.cfg.KeepFor {
		e.touch()
	}
}

// clean returns a text without the secrets of the mechanisms.
func (e *entry) clean(text string) string {
	for _, s := range e.sources {
		text = s.secrets.clean(text)
	}
	return text
}

// isIn reports whether each mechanism has reported.
func (e *entry) isIn() bool {
	return !slices.ContainsFunc(e.sources, func(s *source) bool { return !s.answered })
}

func (e *entry) isExpired() bool { return slices.ContainsFunc(e.sources, (*source).expired) }

// work updates items and targets.
func (e *entry) work(now time.Time) {
	if !e.dirty {
		return
	}
	e.dirty = false
	e.round++
	e.beyond = 0
	items := e.collect()
	targets := e.choose(items)
	if e.keeps(len(targets), now) {
		kept := e.again(e.last)
		if chosen := e.choose(kept); len(chosen) > 0 {
			e.sayEmpty()
			e.items, e.targets = kept, chosen
			e.forget()
			return
		}
	}
	e.kept = false
	e.items, e.targets = items, targets
	switch {
	case len(targets) > 0:
		e.last = items
	case !e.awaiting:
		e.last = nil
	}
	e.forget()
}

// keeps reports whether the last results stay for now.
func (e *entry) keeps(targets int, now time.Time) bool {
	if e.awaiting && e.isIn() {
		e.awaiting = false
	}
	if targets > 0 && !e.awaiting {
		if e.saidEmpty {
			e.set.log.Info("a discovery finds targets again", "discover", e.cfg.Name, "targets", targets)
		}
		e.emptied, e.saidEmpty = time.Time{}, false
		return false
	}
	if len(e.last) == 0 || e.isExpired() {
		return false
	}
	if e.emptied.IsZero() {
		e.emptied = e.touched
	}
	e.kept = now.Sub(e.emptied) < e.cfg.KeepFor
	return e.kept
}

// sayEmpty logs once that nothing is found and the earlier results stay.
func (e *entry) sayEmpty() {
	if e.awaiting || e.saidEmpty {
		return
	}
	e.saidEmpty = true
	e.set.log.Warn("a discovery finds no targets any more; its last targets stay for a while", "discover", e.cfg.Name, "keep_for", e.cfg.KeepFor)
}

// collect returns the results of all mechanisms.
func (e *entry) collect() []*item {
	var all []*item
	for _, s := range e.sources {
		for _, g := range s.found() {
			items, ok := e.byGroup[g]
			if !ok {
				items = e.itemsOf(s, g)
				e.byGroup[g] = items
			}
			room := min(len(items), maxFound-len(all))
			e.beyond += len(g.Targets) - room
			all = append(all, items[:room]...)
		}
	}
	return all
}

func (e *entry) itemsOf(s *source, g *group) []*item {
	items := make([]*item, 0, min(len(g.Targets), maxFound))
	for _, own := range g.Targets[:min(len(g.Targets), maxFound)] {
		items = append(items, e.process(&item{place: s.place, before: prepare(own, g.Labels, e.cfg.Name)}))
	}
	return items
}

// again returns the items that this entry makes from earlier results.
func (e *entry) again(items []*item) []*item {
	all := make([]*item, len(items))
	for i, it := range items {
		all[i] = e.process(&item{place: it.place, before: it.before})
	}
	return all
}

// process relabels an item and makes a target of it.
func (e *entry) process(it *item) *item {
	var keep bool
	if it.after, keep = relabelled(it.before, e.relabel); !keep {
		it.leaveOut(ReasonRelabel, "the relabelling drops it")
		return it
	}
	key := string(it.after.Bytes(nil))
	m := e.cache[key]
	if m == nil {
		m = new(made)
		target, err := e.cfg.Target(it.after.Map())
		m.target = target
		if err != nil {
			m.err = e.clean(strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		e.cache[key] = m
	}
	it.made = m
	return it
}

// choose decides which items are targets, as far as this discovery is concerned.
func (e *entry) choose(items []*item) []*item {
	var targets []*item
	for _, it := range items {
		if it.made == nil {
			continue
		}
		it.made.used = e.round
		it.reason, it.why = "", ""
		if it.made.err != "" {
			it.leaveOut(ReasonInvalid, it.made.err)
			continue
		}
		targets = append(targets, it)
	}
	// The order decides which of several targets with one name is taken, and which are beyond max_targets. It
	// does not depend on the order in which mechanisms report, so the choice stays the same.
	slices.SortStableFunc(targets, func(a, b *item) int {
		if a.made.target.Name != b.made.target.Name {
			return strings.Compare(a.made.target.Name, b.made.target.Name)
		}
		return labels.Compare(a.after, b.after)
	})
	targets = unique(targets)
	for _, it := range targets[min(len(targets), e.cfg.MaxTargets):] {
		it.leaveOut(ReasonMax, fmt.Sprintf("max_targets is %d", e.cfg.MaxTargets))
	}
	return targets[:min(len(targets), e.cfg.MaxTargets)]
}

// unique leaves out all items but the first of each name in a sorted list.
func unique(sorted []*item) []*item {
	var targets []*item
	for _, it := range sorted {
		if n := len(targets); n > 0 && targets[n-1].made.target.Name == it.made.target.Name {
			it.leaveOut(ReasonDuplicate, "another target that this discovery found has the name "+it.made.target.Name)
			continue
		}
		targets = append(targets, it)
	}
	return targets
}

// forget drops data of groups and labels that are gone.
func (e *entry) forget() {
	current := map[*group]bool{}
	for _, s := range e.sources {
		for _, g := range s.groups {
			current[g] = true
		}
	}
	for g := range e.byGroup {
		if !current[g] {
			delete(e.byGroup, g)
		}
	}
	for key, m := range e.cache {
		if m.used != e.round {
			delete(e.cache, key)
		}
	}
}

package discover

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Status is what one discovery has come to. Nothing of it holds a secret of a mechanism.
type Status struct {
	Name string
	// Targets are probed, Found is how many sets of labels there are, and LeftOut how many
	// of these came to nothing, by reason.
	Targets, Found int
	LeftOut        map[Reason]int
	MaxTargets     int
	KeepFor        time.Duration
	// KeptSince is when nothing was found any more, if the targets are those of before; zero
	// otherwise.
	KeptSince  time.Time
	Mechanisms []Mechanism
}

// Mechanism is the state of one mechanism of a discovery.
type Mechanism struct {
	// Name is that of its key and its place there, as http_sd_configs[0].
	Name string
	// IsIn is set once it has said what there is, or has failed.
	IsIn bool
	// LastSuccess and FailingSince are zero if there is none.
	LastSuccess, FailingSince time.Time
	Failures                  uint64
	LastError                 string
	// IsExpired is set if it has failed for so long that what it found is not kept.
	IsExpired bool
}

// Found is a set of labels and what it came to.
type Found struct {
	Mechanism string
	// Before and After are the labels before and after relabelling, in order.
	Before, After []Label
	// Target is its name, empty if none could be made.
	Target string
	// Reason and Why are empty if it is probed.
	Reason Reason
	Why    string
}

// Label is a name and a value.
type Label struct{ Name, Value string }

// IsEmpty reports whether there are no discoveries.
func (s *Set) IsEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries) == 0
}

// Status returns the state of all discoveries, in the order of the configuration.
func (s *Set) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Status, 0, len(s.entries))
	for _, e := range s.entries {
		all = append(all, e.status())
	}
	return all
}

func (e *entry) status() Status {
	count := e.counts()
	st := Status{
		Name: e.cfg.Name, Targets: count[""], Found: len(e.items) + e.beyond, LeftOut: count, MaxTargets: e.cfg.MaxTargets, KeepFor: e.cfg.KeepFor,
	}
	delete(count, "")
	maps.DeleteFunc(count, func(_ Reason, n int) bool { return n == 0 })
	if e.kept {
		st.KeptSince = e.emptied
	}
	for _, s := range e.sources {
		st.Mechanisms = append(st.Mechanisms, Mechanism{
			Name: s.place, IsIn: s.answered, LastSuccess: s.success, FailingSince: s.firstFailure,
			Failures: uint64(s.failures), LastError: s.lastError, IsExpired: s.expired(),
		})
	}
	return st
}

// Filter chooses among what a discovery found.
type Filter struct {
	// Discover is the name of the discovery; empty means all.
	Discover string
	// Reason, if it is not empty, is that of all that is wanted; with LeftOut all that is
	// left out is wanted.
	Reason  Reason
	LeftOut bool
}

// Found returns a part of what was found, and how much there is in all: targets and what is
// left out in the order in which the mechanisms gave them.
func (s *Set) Found(f Filter, offset, limit int) (part []Found, matching int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if f.Discover != "" && e.cfg.Name != f.Discover {
			continue
		}
		for _, it := range e.items {
			if f.Reason != "" && it.reason != f.Reason || f.LeftOut && it.reason == "" {
				continue
			}
			if matching >= offset && len(part) < limit {
				part = append(part, e.found(it))
			}
			matching++
		}
	}
	return part, matching
}

// found returns what may be shown of an item.
func (e *entry) found(it *item) Found {
	f := Found{Mechanism: it.place, Before: e.shown(it.before), After: e.shown(it.after), Reason: it.reason, Why: it.why}
	if it.made != nil {
		f.Target = it.made.target.Name
	}
	return f
}

// maxShown bounds the labels of one set that are shown.
const maxShown = 100

func (e *entry) shown(all labels.Labels) []Label {
	shown := make([]Label, 0, min(all.Len(), maxShown))
	all.Range(func(l labels.Label) {
		if len(shown) < maxShown {
			shown = append(shown, Label{shortened(l.Name), e.clean(l.Value)})
		}
	})
	return slices.Clip(shown)
}

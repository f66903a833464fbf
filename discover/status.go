package discover

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Status is the state of one discovery. It holds no secret of a mechanism.
type Status struct {
	Name string
	// Targets is the number of probed targets, Found the number of sets of labels, and LeftOut the number of sets
	// without a target, by reason.
	Targets, Found int
	LeftOut        map[Reason]int
	MaxTargets     int
	KeepFor        time.Duration
	// KeptSince is when the results became empty, if the targets are from before; zero otherwise.
	KeptSince  time.Time
	Mechanisms []Mechanism
}

// Mechanism is the state of one mechanism of a discovery.
type Mechanism struct {
	// Name is its key with the index there, such as http_sd_configs[0].
	Name string
	// IsIn is set once it has delivered its targets, or has failed.
	IsIn bool
	// LastSuccess and FailingSince are zero if there is none.
	LastSuccess, FailingSince time.Time
	Failures                  uint64
	LastError                 string
	// IsExpired is set if it has failed for so long that its results are not kept.
	IsExpired bool
}

// Found is a found set of labels and its outcome.
type Found struct {
	Mechanism string
	// Before and After are the labels before and after relabelling, in order.
	Before, After []Label
	// Target is the name of the target, empty if none could be made.
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

// Filter selects results of discoveries.
type Filter struct {
	// Discover is the name of the discovery; empty means all.
	Discover string
	// Reason, unless empty, selects results with this reason. LeftOut selects all results that are left out.
	Reason  Reason
	LeftOut bool
}

// Found returns a part of the matching results, and the number of all: targets and results left out, in the order of
// the mechanisms.
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

// found returns the public parts of an item.
func (e *entry) found(it *item) Found {
	f := Found{Mechanism: it.place, Before: e.shown(it.before), After: e.shown(it.after), Reason: it.reason, Why: it.why}
	if it.made != nil {
		f.Target = it.made.target.Name
	}
	return f
}

// maxShown bounds the shown labels of one set. Some mechanisms put a label on for each annotation of an
// object.
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

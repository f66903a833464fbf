package discover

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
)

const (
	// lookEvery is the interval at which the counters of a mechanism are read.
	lookEvery = 5 * time.Second
	// restartAfter is the pause before an ended mechanism starts again.
	restartAfter = 15 * time.Second
)

// source is one running mechanism of a discovery. The lock of its set guards all mutable fields.
type source struct {
	mechanism
	set     *Set
	owner   *entry
	secrets secrets
	metrics discovery.DiscovererMetrics
	// A registry for each source: two sources of one kind have counters of the same names.
	counted *prometheus.Registry // the counters of metrics
	options discovery.DiscovererOptions
	stop    context.CancelFunc
	ended   chan struct{} // closed when nothing of it runs any more
	// troubled receives a value when the mechanism logs an error.
	troubled chan struct{}

	// server is the API server of a mechanism for Kubernetes. reported, silent and total are the last numbers in count:
	// failures by the counters of the mechanism, requests without an answer, and its result. They belong to the
	// goroutine that runs the mechanism.
	server                  string
	reported, silent, total float64

	groups map[string]*group // by the mechanism's name for it
	// step counts the reports of the mechanism: updates and failures.
	step uint64
	// answered is set once an update has come or an attempt has failed.
	answered bool
	success  time.Time // the last success; zero if there was none
	// failures is the number of failures, seen the last result of count.
	failures, seen float64
	// firstFailure and lastFailure bound the current row of failures. They are zero if the mechanism works. failedFrom
	// and failedAt are their steps.
	firstFailure, lastFailure time.Time
	failedFrom, failedAt      uint64
	lastError                 string
}

// group is a mechanism's report of targets that belong together.
type group struct {
	*targetgroup.Group
	step uint64 // of the source, at the last report
}

func newSource(set *Set, m mechanism) (*source, error) {
	s := &source{
		mechanism: m,
		set:       set,
		secrets:   secretsOf(m.cfg),
		counted:   prometheus.NewRegistry(),
		groups:    map[string]*group{},
		troubled:  make(chan struct{}, 1),
		ended:     make(chan struct{}),
	}
	refreshes := discovery.NewRefreshMetrics(s.counted)
	s.metrics = m.cfg.NewDiscovererMetrics(s.counted, refreshes)
	for _, metrics := range []discovery.DiscovererMetrics{refreshes, s.metrics} {
		if err := metrics.Register(); err != nil {
			return nil, fmt.Errorf("count the failures of %s: %w", m.place, err)
		}
	}
	s.options = discovery.DiscovererOptions{
		Logger: errorsTo(s.noteError), Metrics: s.metrics, SetName: m.place, HTTPClientOptions: clientOptions(),
	}
	return s, nil
}

// start runs the mechanism until stop is called.
func (s *source) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.ended)
		for ctx.Err() == nil {
			s.runOnce(ctx)
			select {
			case <-time.After(restartAfter):
			case <-ctx.Done():
			}
		}
	}()
}

// runOnce runs the mechanism until it ends. It ends by itself only if it fails.
func (s *source) runOnce(ctx context.Context) {
	d, err := s.cfg.NewDiscoverer(s.options)
	if err != nil {
		s.fail(err.Error())
		return
	}
	s.server = apiServerOf(s.cfg)
	s.silent = unansweredBy(s.server)
	updates := make(chan []*targetgroup.Group)
	// It has room, so the goroutine ends even if nobody waits for it.
	ended := make(chan string, 1)
	go func() {
		defer func() {
			why := "the mechanism ended by itself"
			if p := recover(); p != nil {
				why = fmt.Sprintf("the mechanism panicked: %v", p)
			}
			ended <- why
		}()
		d.Run(ctx, updates)
	}()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case groups := <-updates:
			s.take(groups)
		case <-s.troubled:
			s.look()
		case <-ticker.C:
			s.look()
		case why := <-ended:
			if ctx.Err() == nil {
				s.fail(why)
			}
			return
		case <-ctx.Done():
			// The mechanism has the end of ctx as its signal. If its library ignores that, this goroutine stays,
			// and Wait names it.
			<-ended
			return
		}
	}
}

// take handles an update of the mechanism.
func (s *source) take(groups []*targetgroup.Group) {
	// Before the lock: gathering the counters calls the library.
	counted := s.count()
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.step++
	changed := !s.answered
	s.answered = true
	for _, g := range groups {
		if g != nil && s.takeGroup(g) {
			changed = true
		}
	}
	if s.hasFailedMore(counted) {
		s.failed(time.Now())
	} else {
		s.succeeded(time.Now())
		// Several groups may come in several updates. The first of them is no proof for the others.
		if s.allSaidSince(s.failedAt) {
			changed = s.works() || changed
		}
	}
	if changed {
		s.owner.touch()
	}
}

// takeGroup stores a group, and reports whether it changed.
func (s *source) takeGroup(g *targetgroup.Group) bool {
	before := s.groups[g.Source]
	if len(g.Targets) == 0 {
		delete(s.groups, g.Source)
		return before != nil
	}
	if before != nil && isSame(before.Group, g) {
		before.step = s.step
		return false
	}
	s.groups[g.Source] = &group{g, s.step}
	return true
}

// isSame reports whether two groups are equal. With ten thousand targets in a file it is called often. Reflection
// would take longer.
func isSame(a, b *targetgroup.Group) bool {
	return maps.Equal(a.Labels, b.Labels) && slices.EqualFunc(a.Targets, b.Targets, maps.Equal[model.LabelSet, model.LabelSet])
}

// look finds failures that came without an update, and the end of failures.
func (s *source) look() {
	counted := s.count()
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	now := time.Now()
	switch {
	case s.hasFailedMore(counted):
		s.step++
		s.failed(now)
	case s.isFailing() && s.isQuiet(now):
		for _, g := range s.groups {
			g.step = s.step
		}
		s.succeeded(now)
		if s.works() {
			s.owner.touch()
		}
	case s.answered && !s.isFailing() && quietFor[s.cfg.Name()] > 0:
		s.succeeded(now) // it watches, and nothing has changed
	}
	s.owner.tick(now)
}

// isQuiet reports whether a mechanism that reports only changes has gone long enough without a failure to count as
// working.
func (s *source) isQuiet(now time.Time) bool {
	quiet, watches := quietFor[s.cfg.Name()]
	return watches && now.Sub(s.lastFailure) >= quiet
}

// fail counts a failure that the mechanism does not count itself.
func (s *source) fail(why string) {
	s.set.mu.Lock()
	defer s.set.mu.Unlock()
	s.owner.meter.failures.add(1)
	s.failures++
	s.step++
	s.lastError = s.secrets.clean(why)
	s.failed(time.Now())
}

// noteError stores the mechanism's message about a failure. It is called by the library, and waits for nothing but
// the lock.
func (s *source) noteError(message string) {
	s.set.mu.Lock()
	s.lastError = s.secrets.clean(message)
	s.set.mu.Unlock()
	select {
	case s.troubled <- struct{}{}:
	default:
	}
}

func (s *source) succeeded(now time.Time) {
	s.success = now
	s.owner.meter.success.set(float64(now.UnixMilli()) / 1000)
}

// works ends a row of failures, and reports whether this changes the results.
func (s *source) works() (changed bool) {
	if !s.isFailing() {
		return false
	}
	changed = s.expired()
	s.firstFailure, s.lastFailure, s.lastError = time.Time{}, time.Time{}, ""
	s.set.log.Info("a discovery works again", "discover", s.owner.cfg.Name, "mechanism", s.place)
	return changed
}

func (s *source) isFailing() bool { return !s.firstFailure.IsZero() }

// expired reports whether the source has failed for so long that its earlier results no longer count. It compares
// two failures, and not a failure with the present: between two attempts nobody knows whether it works.
func (s *source) expired() bool {
	return s.isFailing() && s.lastFailure.Sub(s.firstFailure) >= s.owner.cfg.KeepFor
}

// allSaidSince reports whether each group was reported after a step.
func (s *source) allSaidSince(step uint64) bool {
	for _, g := range s.groups {
		if g.step <= step {
			return false
		}
	}
	return true
}

// found returns the valid groups, in the order of their names.
func (s *source) found() []*group {
	var all []*group
	expired := s.expired()
	for _, name := range slices.Sorted(maps.Keys(s.groups)) {
		if g := s.groups[name]; !expired || g.step >= s.failedFrom {
			all = append(all, g)
		}
	}
	return all
}

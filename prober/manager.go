// Package prober keeps a set of targets under continuous load and counts what
// comes back.
//
// A [Manager] runs one goroutine per target, which fires a burst at each of the
// target's slots. All numbers of a target are kept by its recorder, from which
// [Manager.Families] takes a consistent snapshot for each scrape.
package prober

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/transport"
)

// Options is what holds for all targets for the life of the process.
type Options struct {
	Log *slog.Logger
	// DroppedLogLines returns how many lines of the log were dropped so far; nil if
	// none ever are. It may be called from any goroutine.
	DroppedLogLines func() uint64
	// Metrics says how latencies are stored. It cannot change later: a histogram
	// whose buckets changed would no longer add up.
	Metrics config.Metrics
	Limits  Limits
	Shard   Shard
}

// Manager holds the set of running targets. Its methods may be called from any
// goroutine.
type Manager struct {
	log     *slog.Logger
	dropped func() uint64 // lines of the log
	created time.Time
	metrics config.Metrics
	bounds  *bounds
	limiter *limiter
	shard   Shard
	// decoders is shared by all targets, so that its bound on memory is of all.
	decoders *transport.Decoders
	precise  *precision

	scraping sync.Mutex // held during a scrape; it owns the page
	page     *page

	mu      sync.Mutex
	entries map[string]*entry
	runs    map[*run]struct{} // all that have not ended
	ended   sync.WaitGroup    // of what the manager started
	order   []string          // names in the order of the file
	network config.Network
	asked   config.Metrics // by the configuration, whatever the histograms have
	stopped bool
	retired histogram // lag of the targets that were removed
	reload  reloadState
}

type reloadState struct {
	ok      bool
	success time.Time
}

// entry is what the manager keeps under the name of a target. Its recorder and
// its reports stay when the target's configuration changes.
type entry struct {
	cfg      config.Target
	recorder *recorder
	reports  *reports
	engine   engine
	engines  *engines // engine, and those before it that still drain
	run      *run
	removed  bool // drains, then goes
}

// run is the life of one target under one configuration.
type run struct {
	// stop ends the schedule for a reason; abort ends the requests in flight.
	stop  context.CancelCauseFunc
	abort context.CancelFunc
	done  chan struct{} // closed when the last request has ended
}

// NewManager returns a manager without targets.
func NewManager(o Options) *Manager {
	dropped := o.DroppedLogLines
	if dropped == nil {
		dropped = func() uint64 { return 0 }
	}
	return &Manager{
		log:     o.Log,
		dropped: dropped,
		created: time.Now(),
		metrics: o.Metrics,
		bounds:  newBounds(o.Metrics.Buckets),
		limiter: newLimiter(o.Limits),
		shard:   o.Shard,
		entries: make(map[string]*entry),
		runs:    make(map[*run]struct{}),
		page:    newPage(),

		decoders: transport.NewDecoders(),
		precise:  newPrecision(),
	}
}

// Apply makes the running targets those of cfg. It fails, and changes nothing,
// when one of them cannot be compiled. Targets that are unchanged notice nothing;
// those that changed finish what is in flight first and keep their counters;
// those that are gone lose theirs after their last request was counted.
func (m *Manager) Apply(cfg *config.Config) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return errors.New("the prober is shutting down")
	}
	changed, err := m.compileChanged(cfg)
	if err != nil {
		return err
	}
	wanted := make(map[string]bool, len(cfg.Targets))
	m.order = m.order[:0]
	for _, t := range m.own(cfg) {
		wanted[t.Name] = true
		m.order = append(m.order, t.Name)
		if c, ok := changed[t.Name]; ok {
			m.replace(t, c)
		}
	}
	for name, e := range m.entries {
		if !wanted[name] && !e.removed {
			m.remove(name, e)
		}
	}
	m.network = cfg.Network
	m.noteMetrics(cfg.Metrics)
	return nil
}

// NoteReload records whether the configuration could be loaded and applied.
func (m *Manager) NoteReload(ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reload.ok = ok
	if ok {
		m.reload.success = time.Now()
	}
}

// Shutdown starts no further request, waits for those in flight until ctx ends,
// then cancels the rest. When it returns every request has been counted.
func (m *Manager) Shutdown(ctx context.Context) {
	m.mu.Lock()
	m.stopped = true
	running := slices.Collect(maps.Keys(m.runs))
	m.mu.Unlock()
	for _, r := range running {
		r.stop(nil)
	}
	for _, r := range running {
		select {
		case <-r.done:
		case <-ctx.Done():
			r.abort()
		}
	}
	m.ended.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		e.reports.end()
	}
}

// compileChanged compiles the targets that are new or changed.
func (m *Manager) compileChanged(cfg *config.Config) (map[string]*compiled, error) {
	own := m.own(cfg)
	if most := m.limiter.limits.Targets; most > 0 && len(own) > most {
		return nil, fmt.Errorf("%d targets, and --limit.targets=%d", len(own), most)
	}
	sameNetwork := reflect.DeepEqual(m.network, cfg.Network)
	changed := make(map[string]*compiled)
	for _, t := range own {
		e := m.entries[t.Name]
		if e != nil && !e.removed && sameNetwork && reflect.DeepEqual(e.cfg, t) {
			continue
		}
		c, err := m.compile(t, cfg.Network)
		if err != nil {
			return nil, err
		}
		changed[t.Name] = c
	}
	return changed, nil
}

// own returns the targets of cfg that this shard runs.
func (m *Manager) own(cfg *config.Config) []config.Target {
	return slices.DeleteFunc(slices.Clone(cfg.Targets), func(t config.Target) bool { return !m.shard.runs(&t) })
}

// replace starts t, after what runs under its name now has drained.
func (m *Manager) replace(t config.Target, c *compiled) {
	e := m.entries[t.Name]
	if e == nil {
		e = &entry{recorder: newRecorder(m.bounds), reports: newReports(m.log, t.Name), engines: new(engines)}
		m.entries[t.Name] = e
	}
	before := e.run
	if before != nil {
		before.stop(errReload)
	}
	e.cfg, e.engine, e.removed = t, c.engine, false
	e.run = m.start(m.newTarget(t, c, e), e.engines, before)
}

func (m *Manager) newTarget(t config.Target, c *compiled, e *entry) *target {
	spin := t.Burst.Precision == config.PrecisionSpin
	return &target{
		cfg:      t,
		engine:   c.engine,
		reserver: c.reserver,
		tokens:   c.tokens,
		recorder: e.recorder,
		limiter:  m.limiter,
		part:     m.shard.part(&t),
		reports:  e.reports,
		verdict:  c.expect.verdict,
		pause:    newWaiter(m.precise, spin).pause,
		wall:     time.Now,
	}
}

// remove lets the entry drain and forgets it then, unless its name has come back.
func (m *Manager) remove(name string, e *entry) {
	e.removed = true
	last := e.run
	last.stop(errReload)
	m.ended.Go(func() {
		<-last.done
		m.mu.Lock()
		defer m.mu.Unlock()
		if e.removed && e.run == last {
			e.reports.end()
			m.retired.merge(&e.recorder.snapshot().lag)
			delete(m.entries, name)
		}
	})
}

// start runs t in a goroutine of its own once before, if any, has ended. Its
// engine is among engines until it has ended itself.
func (m *Manager) start(t *target, engines *engines, before *run) *run {
	schedule, stop := context.WithCancelCause(context.Background())
	requests, abort := context.WithCancel(context.Background())
	r := &run{stop: stop, abort: abort, done: make(chan struct{})}
	m.runs[r] = struct{}{}
	engines.add(t.engine)
	m.ended.Go(func() {
		if before != nil {
			<-before.done
		}
		t.recorder.setBreaker(t.cfg.Breaker)
		release := context.AfterFunc(requests, t.engine.Abort)
		t.run(schedule, requests)
		release()
		engines.remove(t.engine)
		close(r.done)
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.runs, r)
	})
	return r
}

// noteMetrics says so when a reload begins to ask for what only a restart can do.
func (m *Manager) noteMetrics(metrics config.Metrics) {
	if !reflect.DeepEqual(metrics, m.asked) && !reflect.DeepEqual(metrics, m.metrics) {
		m.log.Warn("the histograms keep the buckets of the start; a restart gives them those of the configuration")
	}
	m.asked = metrics
}

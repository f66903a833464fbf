// Package prober keeps a set of targets under continuous load and counts the results.
//
// A [Manager] runs one goroutine per target, which fires a burst at each slot of the target.
// Package load says when and how many requests that is, and which ceiling holds one back. The
// workers of a burst send by an engine: package transport, grpc, dns or tcp. The recorder of a
// target in package numbers keeps all its numbers; the manager hands out consistent snapshots of
// them. A [Shot] is one burst by hand.
//
// A reload changes only what differs: counters, warm connections and bursts under way of other
// targets stay. A configuration with one target that cannot be compiled changes nothing. Each request
// due is counted exactly once, even if its engine holds it for too long: then it is given up.
//
// The configuration's types end here: engines, load and numbers get plans of their own.
package prober

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/content"
	"example.com/prober/prober/draw"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Options holds for all targets for the life of the process.
type Options struct {
	Log *slog.Logger
	// DroppedLogLines returns how many lines of the log were dropped so far; nil if none ever are.
	// It may be called from any goroutine.
	DroppedLogLines func() uint64
	// Metrics says how latencies are stored. It cannot change later: a histogram with other buckets
	// would no longer add up.
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
	bounds  *numbers.Bounds
	limiter *load.Limiter
	shard   Shard
	// shows means that requests are traced.
	shows bool
	// All targets share decoders, so its bound on memory holds for all of them together.
	decoders *content.Decoders
	answers  *numbers.AnswerSpace // likewise
	precise  *load.Precision
	clock    *wire.KernelClock
	watch    *watch

	// scraping is locked before mu, and mu before the locks of recorders and senders. mu is
	// never held while a request, a dial or a drain is waited for.
	scraping sync.Mutex // held during a scrape; it owns the page and the memory
	page     *numbers.Page
	memory   numbers.Memory

	mu      sync.Mutex
	entries map[string]*entry
	runs    map[*run]struct{} // all that have not ended
	ended   sync.WaitGroup    // of goroutines of the manager
	order   []string          // names in the order of the file
	sorted  []*entry          // entries by name; nil after one came or went
	network policy.Rules
	files   []numbers.TargetFile
	asked   config.Metrics // by the configuration; the histograms may differ
	stopped bool
	// stopping is closed when stopped is set.
	stopping chan struct{}
	// dividing means that targets are removed because another shard runs them.
	dividing bool
	// scrapes counts scrapes that have begun; the next one closes scraped.
	scrapes uint64
	scraped chan struct{}
	// retired are the lags of removed targets. They are as old as the manager, and so are the lags
	// of all.
	retired numbers.Lags
	reload  reloadState
}

type reloadState struct {
	err     error // why the last attempt failed; nil if it did not
	success time.Time
}

// entry is the state under the name of a target. Its recorder and its reports stay when the
// target's configuration changes.
type entry struct {
	cfg      *config.Target // never changed
	part     load.Part      // of this shard
	recorder *numbers.Recorder
	reports  *reports
	engine   probe.Engine
	engines  *engines // engine, and earlier ones that still drain
	data     *draw.Set
	run      *run
	removed  bool // drains, then goes
	// standing is the comparison that the target's configuration asks for. feeds are all
	// comparisons with the target.
	standing *standing
	feeds    *feeds
	windows  *windows
}

// run is the life of one target under one configuration.
type run struct {
	// stop ends the schedule for a reason; abort ends the requests in flight.
	stop  context.CancelCauseFunc
	abort context.CancelFunc
	done  chan struct{} // closed when the last request has ended
	// adopt has requests sent with another sender. It waits for the sender.
	adopt func(*sender)
	// newest is the latest sender. settled is closed when the run sends with newest, or never will.
	// The manager's lock covers both.
	newest  *sender
	settled chan struct{}
}

// NewManager returns a manager without targets.
func NewManager(o Options) *Manager {
	dropped := o.DroppedLogLines
	if dropped == nil {
		dropped = func() uint64 { return 0 }
	}
	created := time.Now()
	return &Manager{
		log:     o.Log,
		dropped: dropped,
		created: created,
		retired: numbers.NewLags(created),
		metrics: o.Metrics,
		bounds:  numbers.NewBounds(o.Metrics.Buckets).WithNativeFactor(o.Metrics.NativeFactor),
		limiter: load.NewLimiter(o.Limits),

		shard:   o.Shard,
		entries: make(map[string]*entry),
		runs:    make(map[*run]struct{}),
		page:    numbers.NewPage(),
		scraped: make(chan struct{}),

		decoders: content.NewDecoders(o.Limits.KeptBodies),
		answers:  numbers.NewAnswerSpace(o.Limits.KeptFailures),
		precise:  load.NewPrecision(),
		clock:    wire.NewKernelClock(),
		watch:    new(watch),
		stopping: make(chan struct{}),
	}
}

// Apply makes the targets of cfg the running ones. It fails, and changes nothing, when one of them
// cannot be compiled. Unchanged targets are not affected. Changed targets finish requests in flight
// first and keep their counters. Removed targets lose their counters after their last request was
// counted.
func (m *Manager) Apply(cfg *config.Config) error {
	_, err := m.ApplyFound(cfg, nil)
	return err
}

// apply makes targets the running ones; changed holds the compiled ones.
func (m *Manager) apply(cfg *config.Config, targets []config.Target, changed map[string]*compiled) {
	wanted := make(map[string]bool, len(targets))
	m.order = m.order[:0]
	for _, t := range targets {
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
	m.compareTargets()
	m.maintain(cfg)
	m.network, m.files = cfg.Network, filesOf(cfg)
	m.noteMetrics(cfg.Metrics)
}

// NoteReload records why the configuration could not be loaded and applied; nil if it was.
func (m *Manager) NoteReload(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reload.err = err
	if err == nil {
		m.reload.success = time.Now()
	}
}

// Shutdown starts no further request, waits for requests in flight until ctx ends, then cancels the
// rest. When it returns, every request has been counted.
func (m *Manager) Shutdown(ctx context.Context) {
	m.mu.Lock()
	if !m.stopped {
		close(m.stopping)
	}
	m.stopped = true
	running := slices.Collect(maps.Keys(m.runs))
	m.mu.Unlock()
	for _, r := range running {
		// All are stopped before any is waited for, so that their requests end side by side.
		r.stop(nil)
	}
	for _, r := range running {
		select {
		case <-r.done:
		case <-ctx.Done():
			r.abort()
		}
	}
	// This ends even if an engine hangs: the watchdog of each burst gives such requests up.
	m.ended.Wait()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.entries {
		e.reports.end()
	}
	m.clock.Close()
}

// compileChanged compiles those of own, the targets of cfg that this shard runs, that are new or
// changed.
func (m *Manager) compileChanged(cfg *config.Config, own []config.Target) (map[string]*compiled, error) {
	if most := m.limiter.Limits.Targets; most > 0 && len(own) > most {
		return nil, fmt.Errorf("%d targets, but --limit.targets=%d", len(own), most)
	}
	sameNetwork := reflect.DeepEqual(m.network, cfg.Network)
	// A change of the network's rules concerns every target, so all are compiled anew then.
	changed, read := make(map[string]*compiled), wire.NewCertificates()
	for i := range own {
		t := &own[i]
		if sameNetwork && !m.isChanged(t) {
			continue
		}
		c, err := m.compile(*t, cfg.Network, read)
		if err != nil {
			return nil, err
		}
		changed[t.Name] = c
	}
	return changed, nil
}

// replace starts t after the current run under its name has drained. If only the way of sending has
// changed, the current run goes on with its burst and another sender.
func (m *Manager) replace(t config.Target, c *compiled) {
	e := m.entries[t.Name]
	if e == nil {
		e = &entry{recorder: numbers.NewRecorder(m.bounds), reports: newReports(m.log, t.Name), engines: new(engines), feeds: new(feeds), windows: new(windows)}
		l := loadOf(&t) // from the first scrape on, which may come before the run begins
		e.recorder.SetRequests(l.Names, l.IsJourney())
		m.entries[t.Name], m.sorted = e, nil
	}
	before := e.run
	part := m.partOf(&t)
	goesOn := before != nil && !e.removed && e.part == part && reflect.DeepEqual(loadOf(e.cfg), loadOf(&t))
	e.cfg, e.part, e.engine, e.removed = &t, part, c.engine, false
	e.recorder.KeepAnswers(m.spaceOf(&t))
	s := m.newSender(e.cfg, c, e.engines)
	// What the target has drawn from its data so far is not drawn again.
	c.data.Continue(e.data)
	e.data = c.data
	if goesOn {
		m.change(before, s)
		return
	}
	if before != nil {
		before.stop(errReload)
	}
	e.run = m.start(m.newTarget(s, e), before)
}

// newSender returns a sender whose engine is among engines until it has ended. Its end is a
// goroutine of the manager, since whoever lets it go last is a worker with requests to send.
func (m *Manager) newSender(t *config.Target, c *compiled, engines *engines) *sender {
	s := newSender(t, c)
	engines.add(s.engine)
	s.undo = append(s.undo, func() { engines.remove(s.engine) })
	s.apart = m.ended.Go
	return s
}

// change has r send its requests with s. It does so at once unless s, or a sender before it, has to
// log in; then it waits for the first attempt. It leaves out a sender that a newer one has
// overtaken.
func (m *Manager) change(r *run, s *sender) {
	before := r.settled
	r.newest, r.settled = s, make(chan struct{})
	settled := r.settled
	select {
	case <-before:
		if len(s.supplies) == 0 {
			r.adopt(s)
			close(settled)
			return
		}
	default:
	}
	m.ended.Go(func() {
		defer close(settled)
		<-before
		m.mu.Lock()
		isNewest := r.newest == s
		m.mu.Unlock()
		if isNewest {
			r.adopt(s)
		} else {
			s.end()
		}
	})
}

func (m *Manager) newTarget(s *sender, e *entry) *target {
	spin := s.cfg.Burst.Precision == config.PrecisionSpin
	l := loadOf(s.cfg)
	t := &target{
		load:     l,
		recorder: e.recorder,
		limiter:  m.limiter,
		part:     m.shard.Part(&l),
		reports:  e.reports,
		watch:    m.watch,
		pause:    load.NewWaiter(m.precise, spin).Pause,
		sleep:    sleep,
		wall:     time.Now,
		boot:     load.BootTime,
	}
	t.current.Store(s)
	t.windows = e.windows
	if t.feeds = e.feeds; t.feeds != nil {
		t.observers = []Observer{t.feeds.observe}
	}
	return t
}

// start runs t in a goroutine of its own once before, if any, has ended.
func (m *Manager) start(t *target, before *run) *run {
	// Two contexts, so that a burst can stop sending without cutting off requests in flight.
	schedule, stop := context.WithCancelCause(context.Background())
	requests, abort := context.WithCancel(context.Background())
	settled := make(chan struct{})
	r := &run{stop: stop, abort: abort, done: make(chan struct{}), newest: t.current.Load(), settled: settled}
	r.adopt = func(s *sender) {
		s.begin(schedule, requests)
		if !t.adopt(s) {
			s.end()
		}
	}
	m.runs[r] = struct{}{}
	m.ended.Go(func() {
		if before != nil {
			// Two runs of one target at once would be more load than the file says.
			<-before.done
		}
		first := t.current.Load() // nobody replaces it before it has begun
		t.recorder.SetRequests(t.load.Names, t.load.IsJourney())
		t.recorder.Adopt(breakerOf(first.cfg), first.timeouts...)
		first.begin(schedule, requests)
		close(settled)
		t.run(schedule, requests)
		close(r.done)
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.runs, r)
	})
	return r
}

// noteMetrics logs when a reload begins to ask for a change that needs a restart. A histogram with
// other buckets would no longer add up.
func (m *Manager) noteMetrics(metrics config.Metrics) {
	if !reflect.DeepEqual(metrics, m.asked) && !reflect.DeepEqual(metrics, m.metrics) {
		m.log.Warn("the histograms keep the buckets of the start; a restart gives them those of the configuration")
	}
	m.asked = metrics
}

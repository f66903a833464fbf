package prober

import (
	"io"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"example.com/prober/config"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// source has all that snapshots of a target need. It is much smaller than copies of
// thousands of configurations, and those may change once the manager's lock is released.
type source struct {
	about    numbers.About
	url      *url.URL
	recorder *numbers.Recorder
	engine   probe.Engine
	engines  *engines
	standing *standing
	windows  *windows
}

func (e *entry) source() source {
	return source{
		about: numbers.About{
			Name:      e.cfg.Name,
			Interval:  e.cfg.Interval,
			Labels:    e.cfg.Labels,
			Calls:     e.cfg.Kind() == config.KindGRPC,
			Unchecked: e.cfg.Connection.TLS.InsecureSkipVerify,
			Asks:      e.cfg.Kind() == config.KindDNS,

			ObjectiveRatio: e.cfg.Objective.Ratio(), ObjectiveLatency: e.cfg.Objective.Duration(), ObjectiveWindow: e.cfg.Objective.Budget(),
		},
		url: e.cfg.URL, recorder: e.recorder, engine: e.engine, engines: e.engines, standing: e.standing, windows: e.windows,
	}
}

// fill fills in the numbers of the target. A mere summary asks no engine: there may be
// thousands of summaries.
func (s *source) fill(into *numbers.Snapshot, parts numbers.Parts, memory *numbers.Memory) {
	s.recorder.Fill(into, parts, memory)
	into.About = s.about
	into.URL = config.RedactedURL(s.url)
	if s.standing != nil {
		into.Comparison = s.standing.result.Load()
	}
	into.Maintenance = s.windows.shown(parts&numbers.WithMaintenanceEnd != 0)
	if parts != numbers.WithSummary {
		into.Open, into.ClientNotAfter = s.engines.open(), s.engine.ClientCertificateNotAfter()
	}
}

// Targets returns the numbers of the running targets in the order of the file, each of its
// own moment. It returns summaries, without connections and certificates.
func (m *Manager) Targets() []numbers.Snapshot {
	m.mu.Lock()
	sources := m.running()
	m.mu.Unlock()
	all := make([]numbers.Snapshot, len(sources))
	for i := range sources {
		sources[i].fill(&all[i], numbers.WithSummary, nil)
	}
	return all
}

// running returns the sources of the running targets in the order of the file; mu is held.
func (m *Manager) running() []source {
	sources := make([]source, len(m.order))
	for i, name := range m.order {
		sources[i] = m.entries[name].source()
	}
	return sources
}

// Target returns all of the running target with that name except its distributions.
func (m *Manager) Target(name string) (s numbers.Snapshot, ok bool) {
	return m.snapshotOf(name, numbers.WithSummary|numbers.WithLabels|numbers.WithHistory|numbers.WithMaintenanceEnd)
}

// Bursts returns the last bursts of the running target with that name, the oldest first;
// at most 48.
func (m *Manager) Bursts(name string) []numbers.Burst {
	s, _ := m.snapshotOf(name, numbers.WithHistory)
	return s.History
}

// Failures returns the last failures of the running target with that name, the latest
// first; at most 16.
func (m *Manager) Failures(name string) []numbers.Failure {
	s, _ := m.snapshotOf(name, numbers.WithHistory)
	return s.Failures
}

func (m *Manager) snapshotOf(name string, parts numbers.Parts) (s numbers.Snapshot, ok bool) {
	m.mu.Lock()
	e := m.entry(name)
	if e == nil {
		m.mu.Unlock()
		return numbers.Snapshot{}, false
	}
	from := e.source()
	m.mu.Unlock()
	from.fill(&s, parts, nil)
	return s, true
}

// entry returns the entry of the running target with that name, or nil; mu is held.
func (m *Manager) entry(name string) *entry {
	if e := m.entries[name]; e != nil && !e.removed {
		return e
	}
	return nil
}

// Has reports whether a target with that name is running.
func (m *Manager) Has(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.entry(name) != nil
}

// Config returns the configuration of the running target with that name, or nil.
func (m *Manager) Config(name string) *config.Target {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.entry(name)
	if e == nil {
		return nil
	}
	// A copy: a reload replaces that of the entry.
	cfg := *e.cfg
	return &cfg
}

// Self returns the state of the prober itself.
func (m *Manager) Self() numbers.Self {
	m.mu.Lock()
	s, sources := m.self(), m.running()
	m.mu.Unlock()
	for i := range sources {
		sources[i].recorder.AddLags(&s.Lags)
	}
	s.Limits = m.limits(len(sources))
	return s
}

// self is Self without the ceilings and without the lag of the current targets; mu is
// held.
func (m *Manager) self() numbers.Self {
	mistake, more := config.FirstMistake(m.reload.err)
	return numbers.Self{
		Created:      m.created,
		Lags:         m.retired.Clone(),
		KernelClock:  m.clock.IsAvailable(),
		ReloadFailed: m.reload.err != nil,
		Mistake:      mistake,
		MoreMistakes: more,
		Loaded:       m.reload.success,
		Files:        m.files,
		Shard:        m.shard.Ordinal,
		Shards:       m.shard.Count(),

		DroppedLogLines: m.dropped(),
	}
}

// limits returns the ceilings of the process, including unset ones.
func (m *Manager) limits(targets int) []numbers.Limit {
	l := m.limiter
	inFlight, rate := l.InUse()
	return []numbers.Limit{
		{Name: "rate", Most: l.Limits.Rate, Now: rate},
		{Name: "in_flight", Most: float64(l.Limits.InFlight), Now: inFlight},
		{Name: "connections", Most: float64(l.Limits.Connections), Now: float64(l.Connections.Used())},
		{Name: "targets", Most: float64(l.Limits.Targets), Now: float64(targets)},
		{Name: "kept_bodies", Most: float64(l.Limits.KeptBodies), Now: float64(m.decoders.Kept())},
		{Name: "kept_failures", Most: float64(l.Limits.KeptFailures), Now: float64(m.answers.Used())},
	}
}

// Families returns all metrics, one family at a time, for one scrape. All numbers of a
// target are of the same moment. A family is valid until the caller asks for the next one.
// Another call waits until this one has ended. With many targets that is long work, so it
// calls giveWay again and again to let others run.
func (m *Manager) Families(giveWay func()) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		m.scraping.Lock()
		defer m.scraping.Unlock()
		m.page.Families(m.scrape(giveWay), giveWay)(yield)
	}
}

// WriteMetrics writes the same as Families to w. It takes far less time and memory. An
// error is one of w.
func (m *Manager) WriteMetrics(w io.Writer, as numbers.Format, giveWay func()) error {
	m.scraping.Lock()
	defer m.scraping.Unlock()
	return m.page.Write(w, as, m.scrape(giveWay), giveWay)
}

// byName returns the entries by the names of their targets; mu is held.
func (m *Manager) byName() []*entry {
	if m.sorted == nil {
		m.sorted = slices.SortedFunc(maps.Values(m.entries), func(a, b *entry) int { return strings.Compare(a.cfg.Name, b.cfg.Name) })
	}
	return m.sorted
}

// scrape takes a snapshot of everything, which is valid until the next one; scraping is held.
func (m *Manager) scrape(giveWay func()) *numbers.Scrape {
	m.mu.Lock()
	sources := make([]source, 0, len(m.entries))
	for _, e := range m.byName() {
		// Only what is needed is copied under the lock. The recorders are read without it,
		// each under its own.
		sources = append(sources, e.source())
	}
	m.scrapes++
	// The targets taken above are in this scrape, so whoever waits to remove one may go on.
	close(m.scraped)
	m.scraped = make(chan struct{})
	s := &numbers.Scrape{Self: m.self(), Bounds: m.bounds, Native: m.metrics.NativeHistograms}
	m.mu.Unlock()

	s.Targets = m.memory.Snapshots(len(sources))
	for i := range sources {
		giveWay()
		sources[i].fill(&s.Targets[i], numbers.WithLabels|numbers.WithDistributions, &m.memory)
		s.Lags.Merge(&s.Targets[i].Lags)
	}
	s.Limits = m.limits(len(sources))
	return s
}

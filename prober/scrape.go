package prober

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"example.com/prober/config"
	"example.com/prober/errcode"
)

// Families returns all metrics, a family at a time, for one scrape. The numbers
// of a target are those of one moment. A family is valid until the next one is
// asked for, because all of them are written into the same memory: a scrape of
// many targets would otherwise cost more memory than the targets. Another call
// waits until this one has ended. With many targets that is long work: giveWay is
// called again and again for others to have their turn.
func (m *Manager) Families(giveWay func()) iter.Seq[*dto.MetricFamily] {
	return func(yield func(*dto.MetricFamily) bool) {
		m.scraping.Lock()
		defer m.scraping.Unlock()
		m.page.giveWay = giveWay
		s := m.scrape(giveWay)
		for i := range families {
			if f := m.page.write(&families[i], s); len(f.Metric) > 0 && !yield(f) {
				return
			}
		}
	}
}

// scrape is what a scrape writes.
type scrape struct {
	native  bool
	bounds  *bounds
	targets []view // by name
	lag     histogram
	limits  []Limit // by name
	shard   Shard
	reload  reloadState
	dropped uint64 // lines of the log
	created *timestamppb.Timestamp
}

// view is one target at one moment.
type view struct {
	*tally

	cfg       *config.Target
	open      int // connections
	clientEnd time.Time
	created   *timestamppb.Timestamp
	name      *dto.LabelPair
}

// scrape takes a snapshot of everything.
func (m *Manager) scrape(giveWay func()) *scrape {
	m.mu.Lock()
	entries := make([]entry, 0, len(m.entries))
	for _, e := range m.entries {
		entries = append(entries, *e)
	}
	s := &scrape{
		native: m.metrics.NativeHistograms,
		bounds: m.bounds,
		lag:    m.retired.clone(),
		shard:  m.shard,
		reload: m.reload,

		dropped: m.dropped(),
		created: timestamp(m.created),
	}
	m.mu.Unlock()

	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.cfg.Name, b.cfg.Name) })
	s.targets = make([]view, len(entries))
	for i := range entries {
		giveWay()
		s.targets[i] = entries[i].view()
		s.lag.merge(&s.targets[i].tally.lag)
	}
	s.limits = m.limits(len(entries))
	slices.SortFunc(s.limits, func(a, b Limit) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func (e *entry) view() view {
	return view{
		tally:     e.recorder.snapshot(),
		cfg:       &e.cfg,
		open:      e.engines.open(),
		clientEnd: e.engine.ClientCertificateNotAfter(),
		created:   timestamp(e.recorder.created),
		name:      pair("target", e.cfg.Name),
	}
}

// counts yields how many requests came to each code, those that are expected
// before they occur included, in the order of the codes.
func (v *view) counts() iter.Seq2[errcode.Code, uint64] {
	return func(yield func(errcode.Code, uint64) bool) {
		codes := slices.AppendSeq(slices.Clone(expectedCodes[:]), maps.Keys(v.codes))
		slices.Sort(codes)
		for _, code := range slices.Compact(codes) {
			var n uint64
			if h := v.codes[code]; h != nil {
				n = h.count
			}
			if !yield(code, n) {
				return
			}
		}
	}
}

// createdOf returns since when the requests that came to a code are counted.
func (v *view) createdOf(code errcode.Code) *timestamppb.Timestamp {
	if slices.Contains(expectedCodes[:], code) {
		return v.created
	}
	return timestamp(v.codes[code].created)
}

// sorted returns the keys of a map in order.
func sorted[K comparable, V any](m map[K]V, order func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), order)
}

func (a failureKey) compare(b failureKey) int {
	return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.phase, b.phase))
}

func (a responseKey) compare(b responseKey) int {
	return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.version, b.version))
}

// timestamp returns t for the exposition format, nil for the zero time.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// unixSeconds returns t in seconds since the Unix epoch, 0 for the zero time.
func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixNano()) / 1e9
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

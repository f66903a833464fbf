package numbers

import (
	"cmp"
	"crypto/tls"
	"maps"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
)

// Series of families with more labels than the target's.

func (p *Page) requests(s *scrape) {
	for v, q := range s.requests() {
		expected := v.expected()
		for code, h := range q.counts(expected) {
			var n uint64
			var first *exemplar
			if h != nil {
				n = h.count
				if h.exemplars.get().first.latency > 0 {
					first = &h.exemplars.first
				}
			}
			p.counterWith(float64(n), q.createdOf(code, h, expected), first, p.code(code), q.label, v.name)
		}
	}
}

func (p *Page) requestDurations(s *scrape) {
	for v, q := range s.requests() {
		for _, code := range q.codes {
			p.histogram(q.ByCode[code], s.Bounds, s.Native, p.code(code), q.label, v.name)
		}
	}
}

func (p *Page) phaseDurations(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for phase := errcode.PhaseQueue; phase < errcode.NumPhases; phase++ {
			// A target without TLS would have a histogram of nothing, for ever.
			if h := &v.Phases[phase]; h.count > 0 {
				p.histogram(h, s.Bounds, s.Native, p.phases[phase], v.name)
			}
		}
	}
}

func (p *Page) failures(s *scrape) {
	for v, q := range s.requests() {
		for _, k := range q.Kinds {
			p.counter(k.Count, q.created, p.code(k.Code), p.phases[k.Phase], q.label, v.name)
		}
	}
}

func (p *Page) responses(s *scrape) {
	for v, q := range s.requests() {
		for _, r := range q.Responses {
			p.counter(r.Count, q.created, p.version(r.Version), q.label, p.status(r.Status), v.name)
		}
	}
}

func (p *Page) dropped(s *scrape) {
	for v, q := range s.requests() {
		for reason, n := range q.Dropped {
			p.counter(n, q.created, p.reasons[reason], q.label, v.name)
		}
	}
}

func (p *Page) scheduled(s *scrape) {
	for v, q := range s.requests() {
		p.counter(q.Scheduled, q.created, q.label, v.name)
	}
}

// perRequest writes a gauge for each request of each target.
func perRequest(value func(*requestView) uint64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for v, q := range s.requests() {
			p.gauge(float64(value(q)), q.label, v.name)
		}
	}
}

func cutsOf(count func(Cut) uint64) func(*Page, *scrape) {
	return func(p *Page, s *scrape) {
		for i := range s.targets {
			v := &s.targets[i]
			for _, reason := range cutReasons {
				p.counter(count(v.Cuts[reason]), v.created, p.reasons[reason], v.name)
			}
		}
	}
}

func (p *Page) skipped(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for reason, n := range v.Skipped {
			// Most targets have no window, and would have a series more for nothing.
			if load.SkipReason(reason) == load.SkipMaintenance && v.Maintenance == nil && n == 0 {
				continue
			}
			p.counter(n, v.created, p.skips[reason], v.name)
		}
	}
}

func (p *Page) burstDurations(s *scrape) {
	for i := range s.targets {
		p.histogram(&s.targets[i].BurstDuration, burstBounds, s.Native, s.targets[i].name)
	}
}

func (p *Page) errorCodes(*scrape) {
	for code := range errcode.All() {
		p.gauge(1, p.code(code), pair("meaning", code.Meaning()), pair("name", code.Name()), pair("range", code.Range().String()))
	}
}

// targets exposes the configuration of each target.
func (p *Page) targets(s *scrape) {
	for i := range s.targets {
		about := &s.targets[i].About
		p.gauge(1, pairs(about.Labels, pair("target", about.Name), pair("url", about.URL))...)
	}
}

// namedRequests exposes the labels of a target once more with each of its requests, because no
// query can join them to several series of one target.
func (p *Page) namedRequests(s *scrape) {
	for v, q := range s.requests() {
		if q.label != nil {
			p.gauge(1, pairs(v.About.Labels, q.label, v.name)...)
		}
	}
}

// pairs returns own and the labels from a configuration, in the order of their names.
func pairs(configured map[string]string, own ...*label) []*label {
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		own = append(own, pair(name, configured[name]))
	}
	slices.SortFunc(own, func(a, b *label) int { return cmp.Compare(a.name, b.name) })
	return own
}

func (p *Page) certificates(s *scrape) {
	client, earliest, leaf := pair("role", "client"), pair("role", "earliest"), pair("role", "leaf")
	for i := range s.targets {
		v := &s.targets[i]
		certificate := func(role *label, end time.Time) {
			if !end.IsZero() {
				p.gauge(unixSeconds(end), role, v.name)
			}
		}
		certificate(client, v.ClientNotAfter)
		certificate(earliest, v.tls.EarliestNotAfter)
		certificate(leaf, v.tls.LeafNotAfter)
	}
}

func (p *Page) tls(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		if t := &v.tls; t.Version != 0 {
			p.gauge(1, pair("alpn", t.ALPN), pair("cipher", tls.CipherSuiteName(t.Cipher)), v.name,
				pair("version", tls.VersionName(t.Version)))
		}
	}
}

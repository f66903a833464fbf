package numbers

import (
	"crypto/tls"
	"maps"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"example.com/prober/errcode"
)

// What follows writes the series of families that have labels besides the target.

func (p *Page) requests(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for code, n := range v.counts() {
			sample := p.counter(n, v.createdOf(code), p.code(code), v.name)
			if h := v.ByCode[code]; h != nil && h.exemplars.get().first.latency > 0 {
				sample.Exemplar = h.exemplars.first.dto(1)
			}
		}
	}
}

func (p *Page) requestDurations(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for _, code := range slices.Sorted(maps.Keys(v.ByCode)) {
			p.histogram(v.ByCode[code], s.Bounds, s.Native, p.code(code), v.name)
		}
	}
}

func (p *Page) phaseDurations(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for phase := errcode.PhaseQueue; phase < errcode.NumPhases; phase++ {
			if h := &v.Phases[phase]; h.count > 0 {
				p.histogram(h, s.Bounds, s.Native, p.phases[phase], v.name)
			}
		}
	}
}

func (p *Page) failures(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for _, k := range v.Kinds {
			p.counter(k.Count, v.created, p.code(k.Code), p.phases[k.Phase], v.name)
		}
	}
}

func (p *Page) responses(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for _, r := range v.Responses {
			p.counter(r.Count, v.created, p.version(r.Version), p.status(r.Status), v.name)
		}
	}
}

func (p *Page) dropped(s *scrape) {
	for i := range s.targets {
		v := &s.targets[i]
		for reason, n := range v.Dropped {
			p.counter(n, v.created, p.reasons[reason], v.name)
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
		p.gauge(1, p.code(code), pair("name", code.Name()), pair("range", code.Range().String()))
	}
}

// targets exposes what the configuration says about each.
func (p *Page) targets(s *scrape) {
	for i := range s.targets {
		about := &s.targets[i].About
		values := map[string]string{"target": about.Name, "url": about.URL}
		maps.Copy(values, about.Labels)
		labels := make([]*dto.LabelPair, 0, len(values))
		for _, name := range slices.Sorted(maps.Keys(values)) {
			labels = append(labels, pair(name, values[name]))
		}
		p.gauge(1, labels...)
	}
}

func (p *Page) certificates(s *scrape) {
	client, earliest, leaf := pair("role", "client"), pair("role", "earliest"), pair("role", "leaf")
	for i := range s.targets {
		v := &s.targets[i]
		certificate := func(role *dto.LabelPair, end time.Time) {
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

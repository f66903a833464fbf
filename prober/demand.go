package prober

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// Demand is what a configuration asks of one prober, if all its bursts meet.
type Demand struct {
	Targets int
	// AverageRate is in requests per second over a long time. A closed burst that
	// only its duration bounds does not count: it sends as many as it can.
	AverageRate float64
	// PeakRate is the sum of the highest rates of all open bursts, in requests per
	// second.
	PeakRate float64
	// InFlight and Connections are the most there can be at once.
	InFlight    int
	Connections int
	// TypicalSeries is how many time series there are when each target answers and
	// has failed in one way, MostSeries when each has done so in every way there is.
	// Those of the process itself, such as go_goroutines, come on top.
	TypicalSeries int
	MostSeries    int
}

// DemandOf computes the demand of cfg on the given shard.
func DemandOf(cfg *config.Config, s Shard) Demand {
	var d Demand
	m := NewManager(Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Shard: s})
	shared := m.series()
	d.TypicalSeries, d.MostSeries = shared, shared
	for _, t := range m.own(cfg) {
		d.Targets++
		d.load(&t, s.part(&t))
		v := (&entry{cfg: t, recorder: newRecorder(m.bounds), engine: noEngine{}, engines: new(engines)}).view()
		v.tally = typicalTally(&t)
		d.TypicalSeries += m.series(v) - shared
		v.tally = greatestTally()
		if t.Connection.TLS.Cert != nil {
			v.clientEnd = time.Unix(1, 0)
		}
		d.MostSeries += m.series(v) - shared
	}
	return d
}

func (d *Demand) load(t *config.Target, part shard) {
	b, fraction := t.Burst, 1/float64(part.total)
	inFlight := b.Concurrency
	requests := float64(b.Requests)
	if isOpen(b) {
		p := newPacer(b, t.Name, 0, part)
		requests = p.mean()
		d.PeakRate += p.peak() * fraction
	} else {
		inFlight = max(part.share(inFlight), 1)
	}
	d.AverageRate += requests * fraction / t.Interval.Seconds()
	d.InFlight += inFlight
	d.Connections += connectionsFor(t, inFlight)
}

// connectionsFor returns how many connections so many requests in flight need.
func connectionsFor(t *config.Target, inFlight int) int {
	streams := 1
	if v := t.Connection.HTTPVersion; v == config.HTTP2 || v == config.H2C {
		streams = max(t.Connection.StreamsPerConnection, 1)
	}
	return (inFlight + streams - 1) / streams
}

// Exceeds returns an error that names every ceiling that the demand is above.
func (d *Demand) Exceeds(l Limits) error {
	var errs []error
	above := func(what string, need, most float64) {
		if most > 0 && need > most {
			errs = append(errs, fmt.Errorf("the configuration needs %s %.6g, above the ceiling of %.6g", what, need, most))
		}
	}
	above("--limit.targets", float64(d.Targets), float64(l.Targets))
	above("--limit.rate", max(d.AverageRate, d.PeakRate), wholeRate(l.Rate))
	above("--limit.in-flight", float64(d.InFlight), float64(l.InFlight))
	above("--limit.connections", float64(d.Connections), float64(l.Connections))
	return errors.Join(errs...)
}

// Check tells whether every target of cfg could be started.
func Check(cfg *config.Config, s Shard) error {
	_, err := NewManager(Options{Metrics: cfg.Metrics, Shard: s}).compileChanged(cfg)
	return err
}

// series counts the time series of targets, and those that there are without any,
// by writing them.
func (m *Manager) series(targets ...view) int {
	s := m.scrape(func() {})
	s.targets = targets
	n := 0
	for i := range families {
		for _, metric := range m.page.write(&families[i], s).Metric {
			n++
			if h := metric.Histogram; h != nil {
				const sumCountAndInf = 3
				n += len(h.Bucket) + sumCountAndInf - 1
			}
		}
	}
	return n
}

// noEngine stands where no request is sent.
type noEngine struct{ engine }

func (noEngine) ClientCertificateNotAfter() time.Time { return time.Time{} }

// typicalTally is that of a target that answers, and now and then says that it is
// overloaded.
func typicalTally(t *config.Target) *tally {
	c := fullTally([]errcode.Code{errcode.FromStatus(503)}, 1)
	for _, status := range []int{200, 503} {
		c.responses[responseKey{status, transport.HTTP11}] = 1
	}
	if t.URL.Scheme != "https" {
		c.tls = transport.TLSInfo{}
		c.phases[errcode.PhaseTLS].count = 0
	}
	if _, err := netip.ParseAddr(t.URL.Hostname()); err == nil {
		c.phases[errcode.PhaseResolve].count = 0
	}
	return c
}

// greatestTally is that of a target that has answered and failed in every way.
func greatestTally() *tally {
	var codes []errcode.Code
	for code := range errcode.All() {
		codes = append(codes, code)
	}
	c := fullTally(codes, errcode.NumPhases)
	for status := 100; status < 600; status++ {
		for _, v := range []transport.Version{transport.HTTP10, transport.HTTP11, transport.HTTP2} {
			c.responses[responseKey{status, v}] = 1
		}
	}
	return c
}

// fullTally has counted each of codes in so many phases, and every phase.
func fullTally(codes []errcode.Code, phases int) *tally {
	r := newRecorder(newBounds(nil))
	c := &r.tally
	for _, code := range codes {
		c.codes[code] = &histogram{count: 1}
		for p := range phases {
			c.failures[failureKey{code, errcode.Phase(p)}] = 1
		}
	}
	for p := range c.phases {
		c.phases[p].count = 1
	}
	c.tls = transport.TLSInfo{Version: math.MaxUint16, LeafNotAfter: time.Unix(1, 0), EarliestNotAfter: time.Unix(1, 0)}
	return c
}

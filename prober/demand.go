package prober

import (
	"errors"
	"fmt"
	"log/slog"

	"example.com/prober/config"
	"example.com/prober/option"
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
	counted := map[seriesKind]seriesCount{}
	for _, t := range m.own(cfg) {
		d.Targets++
		d.load(&t, s.part(&t))
		kind := kindOf(&t)
		n, ok := counted[kind]
		if !ok {
			n = m.count(&t, shared)
			counted[kind] = n
		}
		d.TypicalSeries += n.typical
		d.MostSeries += n.most
	}
	return d
}

func (d *Demand) load(t *config.Target, part shard) {
	w := workOf(t, part)
	d.AverageRate += w.rate
	d.PeakRate += w.peak
	d.InFlight += w.inFlight
	d.Connections += connectionsFor(t, w.inFlight)
}

// work is what one target asks of one prober.
type work struct {
	rate, peak float64 // as in Demand
	inFlight   int
}

// workOf follows what a burst does: it has no more workers than requests, and the
// next one starts at the first slot after its end.
func workOf(t *config.Target, part shard) work {
	b, fraction := t.Burst, 1/float64(part.total)
	if !isOpen(b) {
		workers := part.share(b.Concurrency)
		if b.Requests > 0 {
			workers = min(part.share(b.Requests), max(workers, 1))
		}
		return work{rate: float64(b.Requests) * fraction / t.Interval.Seconds(), inFlight: workers}
	}
	p := newPacer(b, t.Name, 0, part)
	requests := p.mean()
	slots := float64(p.lastDue()/t.Interval + 1) // until the next burst
	w := work{rate: requests * fraction / (slots * t.Interval.Seconds()), peak: p.peak() * fraction, inFlight: b.Concurrency}
	most := requests
	if p.seed != nil {
		most = float64(p.limit)
	}
	if most < float64(b.Concurrency)*float64(part.total) {
		w.inFlight = min(b.Concurrency, part.share(int(most)))
	}
	return w
}

// connectionsFor returns how many connections so many requests in flight need.
func connectionsFor(t *config.Target, inFlight int) int {
	streams := 1
	if v := t.Connection.HTTPVersion; v == option.OnlyHTTP2 || v == option.H2C {
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

package prober

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"

	"example.com/prober/config"
	"example.com/prober/maintenance"
	"example.com/prober/option"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

// Demand is what a configuration needs of one prober if all its bursts coincide.
type Demand struct {
	Targets int
	// AverageRate is in requests per second over a long time. It does not count closed
	// bursts without a number of requests: they send as many as they can.
	AverageRate float64
	// PeakRate is the sum of the highest rates of all open bursts, in requests per
	// second.
	PeakRate float64
	// InFlight and Connections are the highest numbers at any moment.
	InFlight    int
	Connections int
	// TypicalSeries is the number of time series when each target answers and has
	// failed in one way. MostSeries is the number when each target has done so in every
	// possible way. Series of the process itself, such as go_goroutines, come on top.
	TypicalSeries int
	MostSeries    int
}

// DemandOf computes the demand of cfg on the given shard.
func DemandOf(cfg *config.Config, s Shard) Demand {
	var d Demand
	m := NewManager(Options{Log: slog.New(slog.DiscardHandler), Metrics: cfg.Metrics, Shard: s})
	shared := m.series()
	d.TypicalSeries, d.MostSeries = shared, shared
	counted := map[numbers.SeriesKind]seriesCount{}
	for _, t := range m.own(cfg.Targets) {
		d.Targets++
		l := loadOf(&t)
		d.add(&t, l.Work(s.Part(&l)))
		kind := kindOf(&t)
		kind.Maintained = maintenance.For(cfg.Maintenance, t.Name, t.Labels) != nil
		// To count means to write a page, and thousands of targets are of few kinds.
		n, ok := counted[kind]
		if !ok {
			n = m.count(kind, shared)
			counted[kind] = n
		}
		d.TypicalSeries += n.typical
		d.MostSeries += n.most
	}
	return d
}

// seriesCount is how many time series a target adds.
type seriesCount struct{ typical, most int }

func kindOf(t *config.Target) numbers.SeriesKind {
	_, err := netip.ParseAddr(t.URL.Hostname())
	return numbers.SeriesKind{
		Connects:    t.Kind() == config.KindTCP,
		Asks:        t.Kind() == config.KindDNS,
		Calls:       t.Kind() == config.KindGRPC,
		Secured:     t.IsSecured(),
		Address:     err == nil,
		Certificate: t.Connection.TLS.Cert != nil,
		Requests:    len(t.Items()),
		Compares:    t.Compare != nil,
		Objective:   t.Objective != nil,
		IsQuick:     t.Objective.Duration() > 0,
		Journey:     len(t.Journey) > 0,
	}
}

// count returns how many series a target of a kind adds to the shared ones.
func (m *Manager) count(kind numbers.SeriesKind, shared int) seriesCount {
	typical, most := kind.Count(func(s numbers.Snapshot) int { return m.series(s) - shared })
	return seriesCount{typical: typical, most: most}
}

// series counts the time series of targets and the shared ones.
func (m *Manager) series(targets ...numbers.Snapshot) int {
	s := m.scrape(func() {})
	s.Targets = targets
	return m.page.Series(s)
}

func (d *Demand) add(t *config.Target, w load.Work) {
	each := float64(max(len(t.Journey), 1)) // requests of an arrival
	d.AverageRate += each * w.Rate
	d.PeakRate += each * w.Peak
	d.InFlight += w.InFlight
	d.Connections += connectionsFor(t, w.InFlight)
}

// connectionsFor returns how many connections t needs for inFlight requests at once. With
// the version left to ALPN, the server may choose HTTP/1.1, and the greater need counts.
func connectionsFor(t *config.Target, inFlight int) int {
	streams := 1
	v := t.Connection.HTTPVersion
	if v == option.OnlyHTTP2 || v == option.H2C || v == option.OnlyHTTP3 || t.Kind() == config.KindGRPC {
		streams = max(t.Connection.StreamsPerConnection, 1)
	}
	return (inFlight + streams - 1) / streams
}

// Exceeds returns an error that names every ceiling below the demand.
func (d *Demand) Exceeds(l Limits) error {
	var errs []error
	above := func(what string, need, most float64) {
		if most > 0 && need > most {
			errs = append(errs, fmt.Errorf("%s: the configuration needs %.6g, but the limit is %.6g", what, need, most))
		}
	}
	above("--limit.targets", float64(d.Targets), float64(l.Targets))
	above("--limit.rate", max(d.AverageRate, d.PeakRate), load.WholeRate(l.Rate))
	above("--limit.in-flight", float64(d.InFlight), float64(l.InFlight))
	above("--limit.connections", float64(d.Connections), float64(l.Connections))
	return errors.Join(errs...)
}

// Check returns an error if a target of cfg could not be started. It opens no connection:
// what only a server can say is not checked.
func Check(cfg *config.Config, s Shard) error {
	m := NewManager(Options{Metrics: cfg.Metrics, Shard: s})
	_, err := m.compileChanged(cfg, m.own(cfg.Targets))
	return err
}

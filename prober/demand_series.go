package prober

import (
	"math"
	"net/netip"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// seriesKind is all of a target that its number of time series hangs on. To count
// them is to write a page of thousands, which is done once for each kind.
type seriesKind struct {
	kind                          config.Kind
	secured, address, certificate bool
}

// seriesCount is how many time series a target adds.
type seriesCount struct{ typical, most int }

func kindOf(t *config.Target) seriesKind {
	_, err := netip.ParseAddr(t.URL.Hostname())
	return seriesKind{
		kind:        t.Kind(),
		secured:     t.IsSecured(),
		address:     err == nil,
		certificate: t.Connection.TLS.Cert != nil,
	}
}

// count counts the series that t adds to the shared ones.
func (m *Manager) count(t *config.Target, shared int) seriesCount {
	var n seriesCount
	v := (&entry{cfg: *t, recorder: newRecorder(m.bounds), engine: noEngine{}, engines: new(engines)}).view()
	kind := kindOf(t)
	v.tally = typicalTally(kind)
	n.typical = m.series(v) - shared
	v.tally = greatestTally(kind)
	if t.Connection.TLS.Cert != nil {
		v.clientEnd = time.Unix(1, 0)
	}
	n.most = m.series(v) - shared
	return n
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
type noEngine struct{ probe.Engine }

func (noEngine) ClientCertificateNotAfter() time.Time { return time.Time{} }

// typicalTally is that of a target that answers, and now and then says that it is
// overloaded: in its way, as one that only takes connections does by refusing them.
func typicalTally(of seriesKind) *tally {
	var c *tally
	if of.kind == config.KindTCP {
		c = fullTally([]errcode.Code{errcode.Refused}, 1)
		c.forgetExchange()
	} else {
		c = fullTally([]errcode.Code{errcode.FromStatus(503)}, 1)
		for _, status := range []int{200, 503} {
			c.responses[responseKey{status, probe.HTTP11}] = 1
		}
	}
	if !of.secured {
		c.tls = probe.TLSInfo{}
		c.phases[errcode.PhaseTLS].count = 0
	}
	if of.address {
		c.phases[errcode.PhaseResolve].count = 0
	}
	return c
}

// greatestTally is that of a target that has answered and failed in every way.
func greatestTally(of seriesKind) *tally {
	var codes []errcode.Code
	for code := range errcode.All() {
		if of.kind != config.KindTCP || isOfConnections(code) {
			codes = append(codes, code)
		}
	}
	if of.kind == config.KindTCP {
		c := fullTally(codes, int(errcode.PhaseTLS)+1)
		c.forgetExchange()
		return c
	}
	c := fullTally(codes, errcode.NumPhases)
	for status := 100; status < 600; status++ {
		for _, v := range []probe.Version{probe.HTTP10, probe.HTTP11, probe.HTTP2} {
			c.responses[responseKey{status, v}] = 1
		}
	}
	return c
}

// isOfConnections reports whether a target to which connections are made, and nothing
// else, can come to the code.
func isOfConnections(code errcode.Code) bool {
	switch code.Range() {
	case errcode.RangeOK, errcode.RangeGeneral, errcode.RangeDNS, errcode.RangeTCP, errcode.RangeTLS:
		return true
	}
	return code == errcode.TooSlow
}

// forgetExchange takes back the phases behind the making of a connection.
func (t *tally) forgetExchange() {
	for p := errcode.PhaseTLS + 1; p < errcode.NumPhases; p++ {
		t.phases[p].count = 0
	}
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
	c.tls = probe.TLSInfo{Version: math.MaxUint16, LeafNotAfter: time.Unix(1, 0), EarliestNotAfter: time.Unix(1, 0)}
	return c
}

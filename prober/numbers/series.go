package numbers

import (
	"math"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// SeriesKind is all of a target that its number of time series hangs on. To count
// them is to write a page of thousands, which is done once for each kind.
type SeriesKind struct {
	HTTPS bool
	// Address tells that there is no name to look up, Certificate that the prober shows one.
	Address, Certificate bool
}

// Series returns how many time series s has, those that there are without any target
// included, by writing them.
func (p *Page) Series(s *Scrape) int {
	n := 0
	for family := range p.Families(s, func() {}) {
		for _, metric := range family.Metric {
			n++
			if h := metric.Histogram; h != nil {
				const sumCountAndInf = 3
				n += len(h.Bucket) + sumCountAndInf - 1
			}
		}
	}
	return n
}

// Typical returns the snapshot of a target that answers, and now and then says that it is
// overloaded.
func (k SeriesKind) Typical() Snapshot {
	s := full([]errcode.Code{errcode.FromStatus(503)}, 1)
	for _, status := range []int{200, 503} {
		s.Responses = append(s.Responses, ResponseCount{status, probe.HTTP11.String(), 1})
	}
	if !k.HTTPS {
		s.tls = probe.TLSInfo{}
		s.Phases[errcode.PhaseTLS].count = 0
	}
	if k.Address {
		s.Phases[errcode.PhaseResolve].count = 0
	}
	return s
}

// Greatest returns the snapshot of a target that has answered and failed in every way.
func (k SeriesKind) Greatest() Snapshot {
	var codes []errcode.Code
	for code := range errcode.All() {
		codes = append(codes, code)
	}
	s := full(codes, errcode.NumPhases)
	for status := 100; status < 600; status++ {
		for _, v := range []probe.Version{probe.HTTP10, probe.HTTP11, probe.HTTP2} {
			s.Responses = append(s.Responses, ResponseCount{status, v.String(), 1})
		}
	}
	if k.Certificate {
		s.ClientNotAfter = time.Unix(1, 0)
	}
	return s
}

// full has counted each of codes in so many phases, and every phase.
func full(codes []errcode.Code, phases int) Snapshot {
	s := NewRecorder(NewBounds(nil)).Snapshot(WithDistributions)
	for _, code := range codes {
		s.ByCode[code] = &Histogram{count: 1}
		for p := range phases {
			s.Kinds = append(s.Kinds, FailureKind{code, errcode.Phase(p), 1})
		}
	}
	for p := range s.Phases {
		s.Phases[p].count = 1
	}
	s.tls = probe.TLSInfo{Version: math.MaxUint16, LeafNotAfter: time.Unix(1, 0), EarliestNotAfter: time.Unix(1, 0)}
	return s
}

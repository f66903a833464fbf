package numbers

import (
	"math"
	"strconv"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// SeriesKind has everything about a target that changes its number of time series. Counting them means writing a
// page of thousands, so it is done once for each kind.
type SeriesKind struct {
	// Connects means that the target only gets connections. Calls means gRPC, Asks means a DNS server, and Secured
	// means TLS on connections.
	Connects, Calls, Asks, Secured bool
	// Address means that there is no name to look up, Certificate that the prober has a client certificate.
	Address, Certificate bool
	// Compares means that the target is compared with another one.
	Compares bool
	// Maintained means that the target has maintenance windows.
	Maintained bool
	// Objective means that the configuration says which share of requests must succeed. IsQuick means that it says
	// how long they may take.
	Objective, IsQuick bool
	// Requests is how many requests the mix has or, if Journey is set, how many steps the journey has; 0 for a
	// target with neither.
	Requests int
	Journey  bool
}

// Count returns how many series a target of the kind adds, typically and at most. add returns how many series a
// snapshot adds. Each request adds the same number, so Count writes pages with at most two requests.
func (k SeriesKind) Count(add func(Snapshot) int) (typical, most int) {
	if k.Requests <= 2 {
		return add(k.Typical()), add(k.Greatest())
	}
	one, two := k, k
	one.Requests, two.Requests = 1, 2
	typical, most = one.Count(add)
	typical2, most2 := two.Count(add)
	further := k.Requests - 1
	return typical + further*(typical2-typical), most + further*(most2-most)
}

// Series writes the series of s to count them. It includes series that exist without any target.
func (p *Page) Series(s *Scrape) int {
	n := 0
	for family := range p.Families(s, func() {}) {
		for _, metric := range family.Metric {
			n++
			if h := metric.Histogram; h != nil {
				// Each histogram has _sum, _count and the bucket +Inf besides its buckets,
				// and was counted once above.
				const sumCountAndInf = 3
				n += len(h.Bucket) + sumCountAndInf - 1
			}
		}
	}
	return n
}

// Typical returns the snapshot of a target that answers, and now and then fails as overloaded targets of its kind
// do: a target that only gets connections refuses them.
func (k SeriesKind) Typical() Snapshot {
	code := errcode.FromStatus(503)
	switch {
	case k.Connects:
		code = errcode.Refused
	case k.Calls:
		code = errcode.GRPCUnavailable
	case k.Asks:
		code = errcode.DNSTimeout
	}
	s := full([]errcode.Code{code}, 1)
	s.Calls = k.Calls
	switch {
	case k.Connects:
		s.forgetExchange()
	case k.Calls:
		s.Responses = append(s.Responses, ResponseCount{200, probe.HTTP2.String(), 1})
	case k.Asks:
		s.Asks, s.DNS.Answered, s.DNS.Answers = true, true, 1
	default:
		for _, status := range []int{200, 503} {
			s.Responses = append(s.Responses, ResponseCount{status, probe.HTTP11.String(), 1})
		}
	}
	if !k.Secured {
		s.tls = probe.TLSInfo{}
		s.Phases[errcode.PhaseTLS].count = 0
	}
	if k.Address {
		s.Phases[errcode.PhaseResolve].count = 0
	}
	k.divide(&s, JourneyFailure)
	k.compare(&s)
	return s
}

// Greatest returns the snapshot of a target that has answered and failed in every way.
func (k SeriesKind) Greatest() Snapshot {
	var codes []errcode.Code
	for code := range errcode.All() {
		if k.canHave(code) {
			codes = append(codes, code)
		}
	}
	var s Snapshot
	switch {
	case k.Connects:
		s = full(codes, int(errcode.PhaseTLS)+1)
		s.forgetExchange()
	case k.Asks:
		s = full(codes, errcode.NumPhases)
		s.Asks, s.DNS.Answered, s.DNS.Answers = true, true, 1
	default:
		s = full(codes, errcode.NumPhases)
		s.Responses = k.allResponses()
	}
	s.Calls = k.Calls
	if k.Certificate {
		s.ClientNotAfter = time.Unix(1, 0)
	}
	k.divide(&s, JourneyInterrupted)
	k.compare(&s)
	return s
}

// compare adds a comparison, maintenance and objectives, if the target has them.
func (k SeriesKind) compare(s *Snapshot) {
	if k.Maintained {
		s.Maintenance = new(Maintenance)
	}
	if k.Objective {
		s.ObjectiveRatio = 1
	}
	if k.IsQuick {
		s.ObjectiveLatency = 1
	}
	if k.Compares {
		s.Comparison = fullComparison()
	}
}

// divide gives each request all results of the target, and journeys, if there are any, all results up to worst.
func (k SeriesKind) divide(s *Snapshot, worst JourneyResult) {
	for i := range k.Requests {
		s.ByRequest = append(s.ByRequest, RequestNumbers{
			Name: strconv.Itoa(i), Kinds: s.Kinds, Responses: s.Responses, ByCode: s.ByCode,
		})
	}
	if !k.Journey {
		return
	}
	s.Journey = &JourneyNumbers{Durations: new([NumJourneyResults]Histogram), Ended: []JourneyCount{{Result: JourneySuccess}}}
	for result := range worst + 1 {
		s.Journey.Durations[result].count = 1
		for i := range k.Requests {
			if result != JourneySuccess {
				s.Journey.Ended = append(s.Journey.Ended, JourneyCount{result, strconv.Itoa(i), 1})
			}
		}
	}
}

// allResponses returns each status in each possible version of HTTP.
func (k SeriesKind) allResponses() (all []ResponseCount) {
	versions := []probe.Version{probe.HTTP10, probe.HTTP11, probe.HTTP2, probe.HTTP3}
	if k.Calls {
		versions = []probe.Version{probe.HTTP2}
	}
	for status := 100; status < 600; status++ {
		for _, v := range versions {
			all = append(all, ResponseCount{status, v.String(), 1})
		}
	}
	return all
}

// canHave reports whether a request to the target can end with the code.
func (k SeriesKind) canHave(code errcode.Code) bool {
	isOfAnswers := code == errcode.UnexpectedRcode || code == errcode.UnexpectedAnswers
	switch {
	case k.Connects:
		return isOfConnections(code)
	case k.Asks:
		return isOfConnections(code) || isOfAnswers
	case k.Calls:
		return code.Range() != errcode.RangeHTTP1 && code.Range() != errcode.RangeHTTP3 && !isOfAnswers
	}
	return code.Range() != errcode.RangeGRPC && !isOfAnswers
}

// isOfConnections reports whether a target that only gets connections can have the code.
func isOfConnections(code errcode.Code) bool {
	switch code.Range() {
	case errcode.RangeOK, errcode.RangeGeneral, errcode.RangeDNS, errcode.RangeTCP, errcode.RangeTLS:
		return true
	}
	return code == errcode.TooSlow
}

// forgetExchange clears the phases after the connection is made.
func (s *Snapshot) forgetExchange() {
	for p := errcode.PhaseTLS + 1; p < errcode.NumPhases; p++ {
		s.Phases[p].count = 0
	}
}

// full returns a snapshot with each of codes in so many phases, and with every phase.
func full(codes []errcode.Code, phases int) Snapshot {
	s := NewRecorder(NewBounds(nil)).Snapshot(WithDistributions)
	for _, code := range codes {
		s.ByCode[code] = &Histogram{count: 1}
		for p := range phases {
			s.Kinds = append(s.Kinds, FailureKind{Code: code, Phase: errcode.Phase(p), Count: 1})
		}
	}
	for p := range s.Phases {
		s.Phases[p].count = 1
	}
	s.tls = probe.TLSInfo{Version: math.MaxUint16, LeafNotAfter: time.Unix(1, 0), EarliestNotAfter: time.Unix(1, 0)}
	return s
}

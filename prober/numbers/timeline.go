package numbers

import (
	"sync"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// leastSlice is the first length of a burst's slices.
const leastSlice = time.Millisecond

// Timeline divides a burst into slices of equal length. There are at most as many as the history
// keeps bursts: if the burst goes on, slices are joined in pairs. It takes 50 KiB.
type Timeline struct {
	begin probe.Instant
	start time.Time

	mu     sync.Mutex
	length time.Duration // of a slice
	slices [keptBursts]timeSlice
	used   int
}

// timeSlice has the numbers of the requests that ended in it.
type timeSlice struct {
	requests, failed, own uint64
	phases                [errcode.NumPhases]totalTime
	latency               latencies
	kinds                 [keptKinds]FailureKind
	seen                  int // of kinds
}

// NewTimeline returns a timeline for a burst that starts now.
func NewTimeline() *Timeline {
	now := time.Now()
	return &Timeline{begin: probe.At(now), start: now, length: leastSlice}
}

// Observe counts a request, with its code, in the slice of its end. It is safe for concurrent
// use.
func (l *Timeline) Observe(res *probe.Result, code errcode.Code) {
	l.mu.Lock()
	defer l.mu.Unlock()
	past := max(res.End.Sub(l.begin), 0)
	for past >= keptBursts*l.length {
		l.join()
	}
	i := int(past / l.length)
	l.used = max(l.used, i+1)
	l.slices[i].add(res, code)
}

// Start returns when the timeline begins.
func (l *Timeline) Start() time.Time { return l.start }

// Slices returns the slices up to the last end of a request, each as a burst. They do not include
// dropped requests.
func (l *Timeline) Slices() []Burst {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Burst, l.used)
	for i := range all {
		all[i] = l.slices[i].export()
		all[i].Start = l.start.Add(time.Duration(i) * l.length)
		all[i].Duration = l.length
	}
	return all
}

// join joins slices in pairs.
func (l *Timeline) join() {
	for i := range keptBursts / 2 {
		l.slices[2*i].merge(&l.slices[2*i+1])
		l.slices[i] = l.slices[2*i]
	}
	clear(l.slices[keptBursts/2:])
	l.used = (l.used + 1) / 2
	l.length *= 2
}

func (s *timeSlice) add(res *probe.Result, code errcode.Code) {
	s.requests++
	s.latency.observe(res.Duration())
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if d, ok := res.Phase(p); ok {
			s.phases[p].add(d)
		}
	}
	if code == errcode.OK {
		return
	}
	if code.IsOwn() {
		s.own++
	} else {
		s.failed++
	}
	s.fail(FailureKind{Code: code, Phase: res.FailedIn(), Count: 1})
}

// fail counts failures of one kind. With too many kinds, it leaves the failures to the total.
func (s *timeSlice) fail(k FailureKind) {
	for i := range s.seen {
		if of := &s.kinds[i]; of.Code == k.Code && of.Phase == k.Phase {
			of.Count += k.Count
			return
		}
	}
	if s.seen < keptKinds {
		s.kinds[s.seen] = k
		s.seen++
	}
}

func (s *timeSlice) merge(from *timeSlice) {
	s.requests += from.requests
	s.failed += from.failed
	s.own += from.own
	for p := range s.phases {
		s.phases[p].merge(from.phases[p])
	}
	s.latency.merge(&from.latency)
	for _, k := range from.kinds[:from.seen] {
		s.fail(k)
	}
}

func (s *timeSlice) export() Burst {
	l := &s.latency
	b := Burst{
		Requests: s.requests, Failed: s.failed, Own: s.own,
		Kinds: append([]FailureKind(nil), s.kinds[:s.seen]...),
		P50:   l.quantile(0.5).duration(l.longest), P95: l.quantile(0.95).duration(l.longest),
		P99: l.quantile(0.99).duration(l.longest), Max: l.longest,
		Latency: l.rows(),
	}
	for p := range s.phases {
		b.Phases[p] = duration(mean(s.phases[p], s.requests))
	}
	return b
}

package prober

import (
	"context"
	"math"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Shot is one burst at one target, fired by hand instead of at a slot.
type Shot struct {
	entry  *entry
	target *target
}

// NewShot prepares the burst of t. It fails when t cannot be compiled.
func NewShot(o Options, t config.Target, network config.Network) (*Shot, error) {
	m := NewManager(o)
	c, err := m.compile(t, network, nil)
	if err != nil {
		return nil, err
	}
	e := &entry{cfg: t, recorder: newRecorder(m.bounds), reports: newReports(m.log, t.Name), engine: c.engine}
	return &Shot{entry: e, target: m.newTarget(newSender(t, c), e)}, nil
}

// Fire fires the burst and returns when its last request has ended. When schedule
// ends, no further request starts; when requests ends, those in flight are
// cancelled. It is called once.
func (s *Shot) Fire(schedule, requests context.Context) {
	t := s.target
	defer t.finish()
	t.recorder.adopt(&s.entry.cfg)
	t.current.Load().begin(schedule, requests)
	t.fire(schedule, requests, newSlots(t.load.name, t.load.interval).number(t.wall()))
}

// Target returns the name of the target.
func (s *Shot) Target() string { return s.target.load.name }

// Plan is what a burst sends if nothing holds it back.
type Plan struct {
	// Requests is how many there are, on average where arrivals are random; 0 where
	// only Length ends the burst.
	Requests uint64
	// Length is from the start of the burst to the end of its schedule; 0 where only
	// Requests ends it.
	Length time.Duration
	// Rate is in requests per second, the average where it changes; 0 for a closed
	// burst.
	Rate float64
}

// Plan returns what the burst is about to send.
func (s *Shot) Plan() Plan {
	b := s.target.load.burst
	if !isOpen(b) {
		return Plan{Requests: uint64(b.Requests), Length: b.Duration}
	}
	p := newPacer(b, s.target.load.name, 0, shard{total: 1})
	requests, end := p.mean(), p.length()
	plan := Plan{Requests: uint64(math.Round(requests)), Length: end, Rate: b.Rate}
	if plan.Rate == 0 {
		plan.Rate = requests / end.Seconds()
	}
	return plan
}

// Progress is how far a burst has come. Scheduled is the sum of Ended, Dropped and
// InFlight.
type Progress struct {
	// Elapsed is since the start of the burst, 0 before it.
	Elapsed time.Duration
	// Scheduled requests were due; Dropped ones never started.
	Scheduled, Ended, Dropped, InFlight uint64
	// Failed counts those of Ended that did not succeed.
	Failed uint64
}

// Progress returns how far the burst has come. It may be called from any goroutine
// while Fire runs.
func (s *Shot) Progress() Progress {
	r := s.target.recorder
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lastBurstStart.IsZero() {
		return Progress{}
	}
	r.advance(probe.Now())
	p := Progress{
		Elapsed:   time.Since(r.lastBurstStart),
		Scheduled: r.scheduled,
		InFlight:  r.inFlight,
	}
	for _, n := range r.dropped {
		p.Dropped += n
	}
	p.Ended = p.Scheduled - p.Dropped - p.InFlight
	p.Failed = p.Ended - r.codes[errcode.OK].count
	return p
}

package prober

import (
	"context"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// Shot is one burst at one target, fired by hand instead of at a slot.
type Shot struct {
	entry  *entry
	target *target
	tracer *tracer // nil unless the burst is traced
}

// NewShot prepares the burst of t. It fails when t cannot be compiled.
func NewShot(o Options, t config.Target, network policy.Rules) (*Shot, error) {
	return NewManager(o).shot(t, network)
}

// NewShots prepares the bursts of several targets, which have the ceilings in common.
func NewShots(o Options, targets []config.Target, network policy.Rules) ([]*Shot, error) {
	m := NewManager(o)
	var shots []*Shot
	for i := range targets {
		s, err := m.shot(targets[i], network)
		if err != nil {
			return nil, err
		}
		shots = append(shots, s)
	}
	return shots, nil
}

func (m *Manager) shot(t config.Target, network policy.Rules) (*Shot, error) {
	c, err := m.compile(t, network, nil)
	if err != nil {
		return nil, err
	}
	e := &entry{cfg: t, recorder: numbers.NewRecorder(m.bounds), reports: newReports(m.log, t.Name), engine: c.engine, engines: new(engines)}
	return &Shot{entry: e, target: m.newTarget(newSender(t, c), e)}, nil
}

// Fire fires the burst and returns when its last request has ended. When schedule
// ends, no further request starts; when requests ends, those in flight are
// cancelled. It is called once.
func (s *Shot) Fire(schedule, requests context.Context) {
	t := s.target
	defer t.finish()
	t.recorder.SetRequests(t.load.Names, t.load.IsJourney())
	t.recorder.Adopt(breakerOf(&s.entry.cfg), t.current.Load().timeouts...)
	t.current.Load().begin(schedule, requests)
	t.fire(schedule, requests, load.NewSlots(t.load.Name, t.load.Interval).Number(t.wall()))
}

// Observer is called with each request that has ended and with its code, and not with those
// that were dropped. Several goroutines call it at once. It must not keep r, nor what r points
// to.
type Observer func(r *probe.Result, code errcode.Code)

// Observe has o called for each request of the burst. It is called before Fire.
func (s *Shot) Observe(o Observer) { s.target.observers = append(s.target.observers, o) }

// Target returns the name of the target.
func (s *Shot) Target() string { return s.target.load.Name }

// Plan returns what the burst is about to send.
func (s *Shot) Plan() Plan { return s.target.load.Plan() }

// Progress is how far a burst has come. Scheduled is the sum of Ended, Dropped, Waiting
// and InFlight.
type Progress struct {
	// Elapsed is since the start of the burst, 0 before it.
	Elapsed time.Duration
	// Scheduled requests were due; Dropped ones never started, and Waiting ones have not
	// yet.
	Scheduled, Ended, Dropped, Waiting, InFlight uint64
	// Failed counts those of Ended that did not succeed.
	Failed uint64
	// Journeys is nil for a target without a journey.
	Journeys *JourneyProgress
}

// JourneyProgress counts journeys as [Progress] does requests. Failed counts those that were
// interrupted, too.
type JourneyProgress struct {
	Ended, Failed, Dropped, Waiting uint64
}

// Progress returns how far the burst has come. It may be called from any goroutine
// while Fire runs.
func (s *Shot) Progress() Progress {
	now := s.target.recorder.Snapshot(numbers.WithSummary)
	if now.LastStart.IsZero() {
		return Progress{}
	}
	p := Progress{
		Elapsed:   time.Since(now.LastStart),
		Scheduled: now.Scheduled,
		Ended:     now.Requests,
		Dropped:   now.Dropped.Total(),
		Waiting:   now.Waiting,
		InFlight:  now.InFlight,
		Failed:    now.Failed() + now.Own(),
	}
	if j := now.Journey; j != nil {
		first := &now.ByRequest[0]
		p.Journeys = &JourneyProgress{
			Ended:   j.Total(),
			Failed:  j.Total() - j.Count(numbers.JourneySuccess),
			Dropped: first.Dropped.Total(),
			Waiting: first.Waiting,
		}
	}
	return p
}

// Report returns what the burst came to. It is called after Fire has returned.
func (s *Shot) Report() numbers.Report {
	var all numbers.Snapshot
	from := s.entry.source()
	from.fill(&all, numbers.WithEverything)
	return numbers.NewReport(all, s.Plan())
}

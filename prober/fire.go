package prober

import (
	"context"

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

// NewShots prepares the bursts of several targets. They share the ceilings. It fails when
// one of them cannot be compiled.
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
	e := &entry{cfg: &t, recorder: numbers.NewRecorder(m.bounds), reports: newReports(m.log, t.Name), engine: c.engine, engines: new(engines)}
	return &Shot{entry: e, target: m.newTarget(newSender(e.cfg, c), e)}, nil
}

// Fire fires the burst and returns when its last request has ended. When schedule
// ends, no further request starts; when requests ends, those in flight are
// cancelled. It is called once.
func (s *Shot) Fire(schedule, requests context.Context) {
	t := s.target
	defer t.finish()
	t.recorder.SetRequests(t.load.Names, t.load.IsJourney())
	t.recorder.Adopt(breakerOf(s.entry.cfg), t.current.Load().timeouts...)
	t.current.Load().begin(schedule, requests)
	start, slot := probe.Now(), load.NewSlots(t.load.Name, t.load.Interval).Number(t.wall())
	if t.rival != nil {
		defer t.rival.leave()
		start, slot = t.rival.meet(schedule, slot)
	}
	t.fireAt(schedule, requests, start, slot)
}

// Observer is called with each request that has ended and with its code. It is not called for
// dropped requests. Several goroutines call it at once. It must not keep r or anything r
// points to.
type Observer func(r *probe.Result, code errcode.Code)

// Observe has o called for each request of the burst. It is called before Fire.
func (s *Shot) Observe(o Observer) { s.target.observers = append(s.target.observers, o) }

// Target returns the name of the target.
func (s *Shot) Target() string { return s.target.load.Name }

// Plan returns what the burst is about to send.
func (s *Shot) Plan() Plan { return s.target.load.Plan() }

// Report returns the numbers of the burst. It is called after Fire has returned.
func (s *Shot) Report() numbers.Report {
	var all numbers.Snapshot
	from := s.entry.source()
	from.fill(&all, numbers.WithEverything, nil)
	return numbers.NewReport(all, s.Plan())
}

package prober

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

// Traced is the record of one request step by step, or of the steps of one journey up to the
// first failure. A peer may have sent texts in it: quote them for display. Secrets are struck
// out.
type Traced struct {
	Target, URL string
	Start       time.Time
	// Exchanges are the requests. There are none if the first was never sent.
	Exchanges []TracedExchange
	// Rest are steps outside of requests that have ended.
	Rest []TracedStep
	// Left is how many steps had no room.
	Left int
}

// TracedExchange is one request.
type TracedExchange struct {
	// Name is "" for a target with one request.
	Name  string
	Steps []TracedStep
	// Phases have the time in each phase, in order; Took is the total time.
	Phases []TracedPhase
	Took   time.Duration
	Code   errcode.Code
	// Phase is where the request failed, PhaseNone if it did not.
	Phase errcode.Phase
	// Rule is the reason for the code: an expectation, or a failure.
	Rule string
	// due is when the request was due.
	due probe.Instant
	// steps is the number of steps when it had ended.
	steps int
}

// TracedStep is one event.
type TracedStep struct {
	// At is since the request was due.
	At time.Duration
	// Mark is "*" for an act or a finding of the program, ">" for a sent line, "<" for a received
	// line, and "|" for the beginning of a received body.
	Mark string
	Text string
	// What is "a body" or another name of the content if the mark is "|".
	What string
	// Total is how many bytes of it came. Text has the first of them: not all if Cut is set, and
	// none if Hidden is set because they may not be shown.
	Total       int64
	Cut, Hidden bool
}

// TracedPhase is the time that a request spent in a phase.
type TracedPhase struct {
	Phase errcode.Phase
	Took  time.Duration
}

// tracer traces the one request, or journey, of a burst.
type tracer struct {
	trace     *probe.Trace
	exchanges []TracedExchange
}

// ToTrace returns t with a burst of one request, or one journey. request names a request of a
// mix; empty means the first one. It fails for an unknown name.
func ToTrace(t config.Target, request string) (config.Target, error) {
	t.Burst = config.Burst{Requests: 1, Concurrency: 1, Arrival: t.Burst.Arrival, Precision: t.Burst.Precision}
	// They judge many requests, and this is one.
	t.Breaker, t.Thresholds = nil, nil
	if request == "" {
		if len(t.Requests) > 0 {
			t.Requests = t.Requests[:1:1]
		}
		return t, nil
	}
	if len(t.Journey) > 0 {
		return t, fmt.Errorf("the target %q has a journey, and its trace begins with the first step", t.Name)
	}
	var names []string
	for i := range t.Requests {
		if t.Requests[i].Name == request {
			t.Requests = t.Requests[i : i+1 : i+1]
			return t, nil
		}
		names = append(names, t.Requests[i].Name)
	}
	if len(names) == 0 {
		return t, fmt.Errorf("the target %q has one request, without a name", t.Name)
	}
	return t, fmt.Errorf("the target %q has no request %q: it has %s", t.Name, request, strings.Join(names, ", "))
}

// NewTracedShot prepares the burst of t for tracing; t comes from [ToTrace]. It keeps the first
// bytes of bodies, at most body. It fails when t cannot be compiled.
func NewTracedShot(o Options, t config.Target, body int, network policy.Rules) (*Shot, error) {
	m := NewManager(o)
	m.shows = true
	s, err := m.shot(t, network)
	if err != nil {
		return nil, err
	}
	s.tracer = &tracer{trace: probe.NewTrace(body)}
	s.target.trace = s.tracer.trace
	s.Observe(s.noteTraced)
	return s, nil
}

// noteTraced records the result of a request.
func (s *Shot) noteTraced(r *probe.Result, code errcode.Code) {
	t := s.target
	e := TracedExchange{Took: r.Duration(), Code: code, Phase: r.FailedIn(), due: r.Due, steps: s.tracer.trace.End()}
	if names := t.load.Names; r.Request < len(names) {
		e.Name = names[r.Request]
	}
	for phase := range errcode.Phase(errcode.NumPhases) {
		if took, ok := r.Phase(phase); ok && phase != errcode.PhaseNone {
			e.Phases = append(e.Phases, TracedPhase{phase, took})
		}
	}
	e.Rule = s.tracer.trace.Strike(ruleOf(t.current.Load().engine, r, code))
	s.tracer.exchanges = append(s.tracer.exchanges, e)
}

// ruleOf returns the reason for the code of r.
func ruleOf(engine probe.Engine, r *probe.Result, code errcode.Code) string {
	if failure, ok := errors.AsType[*errcode.PhaseError](r.Err); ok {
		return "the failure: " + failure.Err.Error()
	}
	if r.Err != nil {
		return "the failure: " + r.Err.Error()
	}
	if ruler, ok := engine.(probe.Ruler); ok {
		return ruler.Rule(r, code)
	}
	return ""
}

// Traced returns the record. It is called after Fire has returned, on a shot of [NewTracedShot].
func (s *Shot) Traced() Traced {
	steps, left := s.tracer.trace.Steps()
	t := Traced{
		Target: s.entry.cfg.Name, URL: config.RedactedURL(s.entry.cfg.URL), Left: left,
		Start:     s.Report().LastStart,
		Exchanges: slices.Clone(s.tracer.exchanges),
	}
	from, due := 0, probe.Instant(0)
	for i := range t.Exchanges {
		e := &t.Exchanges[i]
		e.Steps = stepsSince(steps[from:e.steps], e.due)
		from, due = e.steps, e.due.Add(e.Took)
	}
	if rest := steps[from:]; len(rest) > 0 {
		if due == 0 {
			due = rest[0].At
		}
		t.Rest = stepsSince(rest, due)
	}
	return t
}

func stepsSince(steps []probe.Step, due probe.Instant) []TracedStep {
	all := make([]TracedStep, len(steps))
	for i, s := range steps {
		all[i] = TracedStep{At: s.At.Sub(due), Mark: s.Kind.Mark(), Text: s.Text, What: s.What, Total: s.Total, Cut: s.Cut, Hidden: s.Hidden}
	}
	return all
}

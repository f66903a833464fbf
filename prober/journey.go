package prober

import (
	"context"
	"math/rand/v2"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// journey is one journey under way.
type journey struct {
	due, start probe.Instant
	thought    time.Duration
}

// travel goes through the steps of a journey and sends all of them with s. The first step was
// due, has started, and has passed the ceilings. It returns false if the worker must leave.
func (b *burst) travel(schedule, requests context.Context, s *sender, w *worker, due, start probe.Instant) (goOn bool) {
	// Steps change the ticket's end for themselves. The next journey needs that of the
	// burst.
	until := w.pass.Until
	defer func() { w.pass.Until = until }()
	w.journey = journey{due: due, start: start}
	next := load.Arrival{Due: due}
	for {
		e := b.exchange(requests, s, w, next, start)
		step := next.Request
		switch {
		case e.taken: // the watchdog has ended the journey
			return false
		case e.dropped && step == 0: // the journey never started
			return true
		// Trouble of the prober's own says nothing about how far users get, so this is no
		// failure of the journey.
		case e.dropped, e.code.IsOwn():
			b.endJourney(&w.journey, numbers.JourneyInterrupted, step, w.result.End)
			return true
		case e.code != errcode.OK:
			b.endJourney(&w.journey, numbers.JourneyFailure, step, w.result.End)
			return true
		case step == len(s.requests)-1:
			b.endJourney(&w.journey, numbers.JourneySuccess, step, w.result.End)
			return true
		}
		var ok bool
		if next, start, ok = b.nextStep(schedule, s, w, step+1); !ok {
			b.endJourney(&w.journey, numbers.JourneyInterrupted, step+1, probe.Now())
			return true
		}
	}
}

// nextStep waits until a step may start. It returns false if the step may not start. If the step
// was due, nextStep has counted it.
func (b *burst) nextStep(schedule context.Context, s *sender, w *worker, step int) (next load.Arrival, start probe.Instant, ok bool) {
	next = load.Arrival{Request: step, Due: w.result.End}
	if think := thinkTime(s.cfg); think > 0 {
		b.sleep(schedule, think)
		next.Due = max(probe.Now(), w.result.End)
		w.journey.thought += next.Due.Sub(w.result.End)
	}
	if schedule.Err() != nil {
		return next, 0, false
	}
	w.pass.Lead(s.reserver)
	if b.isOpen {
		return b.admitStep(schedule, s, w, next)
	}
	w.pass.Until = 0 // a journey that has begun goes on beyond the end of its burst
	if !b.limiter.Await(schedule, w.pass) {
		return next, 0, false
	}
	start = probe.Now()
	if b.limiter.MayHoldBack() {
		next.Due = start // as for all requests of closed bursts
	}
	b.recorder.Due(step)
	b.recorder.Start(step)
	return next, start, true
}

// admitStep lets a due step of an open burst through, unless a ceiling holds it back for too
// long.
func (b *burst) admitStep(schedule context.Context, s *sender, w *worker, next load.Arrival) (_ load.Arrival, start probe.Instant, ok bool) {
	b.recorder.Due(next.Request)
	w.pass.Until = next.Due.Add(s.timeouts[next.Request])
	if reason, ok := b.limiter.Admit(schedule, w.pass, b.recorder.Hold); !ok {
		b.recorder.HoldBack(next.Request, b.reasonOf(schedule, reason))
		return next, 0, false
	}
	b.recorder.Start(next.Request)
	return next, probe.Now(), true
}

// endJourney counts a journey that ended at a step, at the given moment. The time that a
// user thinks is none of the target's.
func (b *burst) endJourney(j *journey, result numbers.JourneyResult, step int, end probe.Instant) {
	b.recorder.EndJourney(numbers.Journey{
		Result:  result,
		Step:    step,
		Took:    end.Sub(j.due) - j.thought,
		Thought: j.thought,
		Busy:    end.Sub(j.start),
	})
}

// thinkTime returns how long a journey pauses now.
func thinkTime(cfg *config.Target) time.Duration {
	mean := float64(cfg.Think)
	switch cfg.ThinkSpread {
	case option.ThinkUniform:
		return time.Duration(mean * (0.5 + rand.Float64()))
	case option.ThinkExponential:
		return time.Duration(mean * rand.ExpFloat64())
	}
	return cfg.Think
}

package prober

import (
	"example.com/prober/config"
	"example.com/prober/prober/numbers"
)

// spaceOf returns where the answers to failed requests of t are kept; nil if they are not
// kept.
func (m *Manager) spaceOf(t *config.Target) *numbers.AnswerSpace {
	if t.KeepFailures == nil {
		return nil
	}
	return m.answers
}

// show has the next request of a worker traced, or its answer recorded, if somebody wants to
// see it. Else it costs two comparisons.
func (b *burst) show(w *worker, s *sender) {
	switch {
	case b.trace != nil:
		w.result.Trace, w.result.Answer = b.trace, b.trace.Answer()
	case s.cfg.KeepFailures != nil:
		w.result.Answer = w.answerOf(int(s.cfg.KeepFailures.Bodies))
	default:
		w.result.Answer = nil
	}
}

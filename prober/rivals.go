package prober

import (
	"context"
	"sync"

	"example.com/prober/config"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// rivals are two bursts that are fired in turn.
type rivals struct {
	turns *load.Turns

	mu    sync.Mutex
	ready int
	// met is closed when both are ready. Their common start and slot are set by then.
	met   chan struct{}
	start probe.Instant
	slot  int64
}

// rival is the place of a target among two that are fired in turn; nil for a target that is fired alone.
type rival struct {
	*rivals

	side int
}

// NewRivals prepares the bursts of two targets that differ in where their requests go, and in nothing about
// when they are sent. Fire both at the same time. Each has the load of its target. They send their requests
// in turn, one of each pair in random order. Both draw the same data for the same request, except for
// generated values. In a closed burst the faster side waits for the slower one. The report of old has its
// URL as its name. It fails when one of them cannot be compiled.
func NewRivals(o Options, old, add config.Target, network policy.Rules) ([]*Shot, error) {
	m := NewManager(o)
	var shots []*Shot
	for side, t := range []config.Target{old, add} {
		s, err := m.shot(t, network)
		if err != nil {
			return nil, err
		}
		if side == 0 { // the other one has the name
			t.Name = config.RedactedURL(t.URL)
			s.entry.cfg = &t
		}
		shots = append(shots, s)
	}
	fireInTurn(shots)
	return shots, nil
}

// fireInTurn makes two bursts rivals.
func fireInTurn(shots []*Shot) {
	both := &rivals{turns: load.NewTurns(), met: make(chan struct{})}
	for side, s := range shots {
		s.target.rival, s.target.part = &rival{both, side}, load.Side(side)
	}
}

// meet waits until the other burst is ready too, or ctx ends. It returns the start of both and the number of
// their slot.
func (r *rival) meet(ctx context.Context, slot int64) (start probe.Instant, number int64) {
	r.mu.Lock()
	if r.ready++; r.ready == 2 {
		r.start, r.slot = probe.Now(), slot
		close(r.met)
	}
	r.mu.Unlock()
	select {
	case <-r.met:
		return r.start, r.slot
	// The other burst may never get ready, so the end of the schedule has to end this wait.
	case <-ctx.Done():
		return probe.Now(), slot
	}
}

// await waits for the turn of a burst that is fired in turn with another.
func (r *rival) await(ctx context.Context) {
	if r != nil {
		r.turns.Await(ctx, r.side)
	}
}

// leave has the other burst go on alone.
func (r *rival) leave() {
	if r != nil {
		r.turns.Leave(r.side)
	}
}

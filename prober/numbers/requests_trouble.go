package numbers

import (
	"time"

	"example.com/prober/errcode"
)

// requestTrouble says since when one request of a target fails, or has trouble of the prober's
// own, as history does for the target.
type requestTrouble struct {
	// Of the burst under way: ended requests, failures by the target's doing, and requests with
	// trouble of the prober's own. held is how many requests had been held back before the
	// burst.
	ended, failed, own, held uint64

	failingSince, troubledSince time.Time
}

func (t *requestTally) startBurst() {
	b := &t.trouble
	b.ended, b.failed, b.own, b.held = 0, 0, 0, t.dropped.Held()
}

// judge notes a request of the burst that began at start.
func (t *requestTally) judge(code errcode.Code, start time.Time) {
	b := &t.trouble
	b.ended++
	switch {
	case code.IsOwn():
		b.own++
	case code.IsFailure():
		b.failed++
		extend(&b.failingSince, start, true)
	}
}

// endBurst notes the end of the burst that began at start. As in the target's history, a burst
// says nothing if no request reached the target, and an early end is no success.
func (t *requestTally) endBurst(start time.Time, cut bool) {
	b := &t.trouble
	if b.ended > b.own && (b.failed > 0 || !cut) {
		extend(&b.failingSince, start, b.failed > 0)
	}
	if held := t.dropped.Held() - b.held; b.ended+held > 0 {
		extend(&b.troubledSince, start, b.own+held > 0)
	}
}

// Own returns how many requests had trouble of the prober's own.
func (n *RequestNumbers) Own() uint64 { return ownOf(n.Codes) }

// Failed returns how many requests failed by the target's doing.
func (n *RequestNumbers) Failed() uint64 { return failedOf(n.Codes) }

func ownOf(codes []CodeCount) (n uint64) {
	for _, c := range codes {
		if c.Code.IsOwn() {
			n += c.Count
		}
	}
	return n
}

func failedOf(codes []CodeCount) (n uint64) {
	for _, c := range codes {
		if c.Code.IsFailure() && !c.Code.IsOwn() {
			n += c.Count
		}
	}
	return n
}

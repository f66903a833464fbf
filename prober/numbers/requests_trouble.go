package numbers

import (
	"time"

	"example.com/prober/errcode"
)

// requestTrouble says since when one request of a target fails, or has trouble of the prober's
// own, as its history says it of the target.
type requestTrouble struct {
	// Of the burst under way: requests that ended, those of them that failed by the target's
	// doing and by the prober's own, and how many were held back before.
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

// endBurst notes the end of the burst that began at start. As for the target, a burst without a
// request that reached it says nothing about it, and one that was cut short is no success.
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

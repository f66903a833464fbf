package numbers

import (
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// answerTime adds up how long the requests or journeys of an open burst took from their
// start. They kept a worker busy for as long.
type answerTime struct {
	sum    totalTime
	count  uint64
	before uint64 // requests that had been starved before the burst
}

func (a *answerTime) note(took time.Duration) {
	// The two times may be from different clocks, so the difference may be below 0.
	a.sum.add(max(took, 0))
	a.count++
}

// learn notes how long a request of an open burst needed. A request that its deadline cut
// short needed all of the timeout. Other failures say nothing. A worker that sends a step is
// busy until the journey ends, so EndJourney notes the busy time of journeys.
func (r *Recorder) learn(t *requestTally, res *probe.Result, code errcode.Code) {
	switch {
	case r.arrivals == nil:
		return
	case res.Err == nil:
		t.need.Note(res.End.Sub(res.Taken))
	// To leave it out would make a target that no longer answers look fast.
	case res.RanOut() && (!code.IsLocal() || code == errcode.QueueTimeout):
		t.need.Note(res.Deadline.Sub(res.Due))
	default:
		return
	}
	if r.journey == nil {
		r.answers.note(res.End.Sub(res.Taken))
	}
}

// judgeCapacity notes whether the workers of the burst that ends were enough.
func (r *Recorder) judgeCapacity() {
	r.counts.Capacity, r.counts.Starved = load.Capacity{}, 0
	if r.arrivals == nil {
		return
	}
	r.counts.Capacity = r.arrivals.Capacity()
	if a := &r.answers; a.count > 0 {
		r.counts.Capacity.Answer = a.sum.mean(a.count)
	}
	r.counts.Starved = r.counts.Dropped.starved() - r.answers.before + r.burst.failures[errcode.QueueTimeout]
}

// starved returns how many requests found no worker in time.
func (d Drops) starved() uint64 { return d[load.DropTimeout] + d[load.DropNoWorker] }

// Shortage returns the capacity of the last burst, and whether requests were lost because it
// had too few workers.
func (c *Counts) Shortage() (load.Capacity, bool) {
	return c.Capacity, c.Starved > 0 && c.Capacity.IsShort()
}

// Shortage is that of the counts.
func (r *Recorder) Shortage() (load.Capacity, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts.Shortage()
}

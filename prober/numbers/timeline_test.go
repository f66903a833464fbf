package numbers

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// endedAt returns a request that took so long and ended so long after the start of a timeline.
func endedAt(l *Timeline, past, took time.Duration) *probe.Result {
	end := l.begin.Add(past)
	r := &probe.Result{Due: end.Add(-took), Start: end.Add(-took)}
	r.Begin()
	r.EnterAt(errcode.PhaseProcessing, r.Due)
	r.Finish(end)
	return r
}

func TestATimelineDividesABurstIntoSlices(t *testing.T) {
	t.Parallel()
	l := NewTimeline()
	assert.Empty(t, l.Slices())
	l.Observe(endedAt(l, -time.Second, time.Millisecond), errcode.OK) // it began before the timeline
	l.Observe(endedAt(l, 2*time.Millisecond, 4*time.Millisecond), errcode.FromStatus(503))
	l.Observe(endedAt(l, 2*time.Millisecond, 4*time.Millisecond), errcode.Cancelled)
	slices := l.Slices()
	assert.Len(t, slices, 3)
	assert.EqualValues(t, 1, slices[0].Requests)
	assert.Zero(t, slices[1].Requests)
	last := slices[2]
	assert.Equal(t, []uint64{2, 1, 1}, []uint64{last.Requests, last.Failed, last.Own})
	assert.Equal(t, l.Start().Add(2*time.Millisecond), last.Start)
	assert.Equal(t, time.Millisecond, last.Duration)
	assert.Equal(t, 4*time.Millisecond, last.Max)
	assert.InDelta(t, 4*time.Millisecond, last.Phases[errcode.PhaseProcessing], 1000)
	assert.Equal(t, []FailureKind{{Code: errcode.FromStatus(503), Count: 1}, {Code: errcode.Cancelled, Count: 1}}, last.Kinds)
}

func TestATimelineKeepsItsSizeHoweverLongTheBurstIs(t *testing.T) {
	t.Parallel()
	l := NewTimeline()
	var all sync.WaitGroup
	const workers, each = 4, 20_000
	for w := range workers {
		all.Go(func() {
			for i := range each {
				code := errcode.OK
				if i%10 == 0 {
					code = errcode.FromStatus(500 + w)
				}
				l.Observe(endedAt(l, time.Duration(i)*30*time.Millisecond, time.Duration(i)*time.Microsecond), code)
			}
		})
	}
	all.Wait()
	slices := l.Slices()
	assert.LessOrEqual(t, len(slices), keptBursts)
	assert.Greater(t, len(slices), keptBursts/2)
	var requests, failed uint64
	for i := range slices {
		s := &slices[i]
		requests += s.Requests
		failed += s.Failed
		assert.LessOrEqual(t, len(s.Kinds), keptKinds)
		assert.LessOrEqual(t, s.P50, s.P99)
		if i > 0 {
			assert.Equal(t, slices[i-1].Start.Add(slices[i-1].Duration), s.Start)
		}
	}
	assert.EqualValues(t, workers*each, requests)
	assert.EqualValues(t, workers*each/10, failed)
}

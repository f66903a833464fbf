package prober

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

func TestOwnTroubleDoesNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	r := newRecorder(newBounds(someBuckets))
	r.adopt(load.Breaker{After: 1, For: time.Minute}, time.Second)
	r.begin()
	assert.False(t, r.end(ended(0, nil), errcode.Cancelled))
	r.begin()
	assert.True(t, r.end(ended(0, nil), errcode.Refused))
}

func TestABurstThatIsCutWithoutAFailureSaysNothing(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	burstOf(r, errcode.Refused, refused())
	since := r.history.failingSince
	assert.False(t, since.IsZero())
	r.startBurst(nil)
	r.begin()
	r.end(ended(time.Millisecond, nil), errcode.OK)
	r.cutClosed(load.DropReload, 7)
	r.endBurst(time.Second, load.DropReload)
	assert.Equal(t, since, r.history.failingSince)
	_, requests := r.lastBurst()
	assert.Zero(t, requests, "the log is not told that it succeeded")
	b := r.history.latest()
	assert.Equal(t, "reload", b.CutBy)
	assert.EqualValues(t, 7, b.Cut)
	burstOf(r, errcode.OK, ended(time.Millisecond, nil))
	assert.True(t, r.history.failingSince.IsZero())
	assert.False(t, r.counts.LastSuccess.IsZero())
}

func BenchmarkRecorderEnd(b *testing.B) {
	r := newRecorder(newBounds(someBuckets))
	res := &probe.Result{Due: 1, End: 1e6, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}, Sent: 100, Received: 1000, Reused: true}
	b.ReportAllocs()
	for b.Loop() {
		r.begin()
		r.end(res, errcode.OK)
	}
}

func TestRecordingARequestAllocatesNothing(t *testing.T) {
	r := newRecorder(newBounds(someBuckets))
	res := &probe.Result{Due: 1, End: 1e6, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}}
	failed := &probe.Result{Due: 1, End: 2e6, Err: &errcode.PhaseError{Err: syscall.ECONNREFUSED}}
	record := func() {
		r.begin()
		r.end(res, errcode.OK)
		r.begin()
		r.end(failed, errcode.Refused)
	}
	record()
	assert.Zero(t, testing.AllocsPerRun(1000, record))
}

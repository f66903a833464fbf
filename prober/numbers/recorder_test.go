package numbers

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
	r := NewRecorder(NewBounds(someBuckets))
	r.Adopt(load.Breaker{After: 1, For: time.Minute}, time.Second)
	r.Begin(0)
	assert.False(t, r.End(ended(0, nil), errcode.Cancelled))
	r.Begin(0)
	assert.True(t, r.End(ended(0, nil), errcode.Refused))
}

func TestABurstThatIsCutWithoutAFailureSaysNothing(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	burstOf(r, errcode.Refused, refused())
	since := r.history.failingSince
	assert.False(t, since.IsZero())
	r.StartBurst(nil)
	r.Begin(0)
	r.End(ended(time.Millisecond, nil), errcode.OK)
	r.CutClosed(load.DropReload, 7)
	r.EndBurst(time.Second, load.DropReload)
	assert.Equal(t, since, r.history.failingSince)
	_, requests := r.LastBurst()
	assert.Zero(t, requests, "the log is not told that it succeeded")
	b := r.history.latest()
	assert.Equal(t, "reload", b.CutBy)
	assert.EqualValues(t, 7, b.Cut)
	burstOf(r, errcode.OK, ended(time.Millisecond, nil))
	assert.True(t, r.history.failingSince.IsZero())
	assert.False(t, r.counts.LastSuccess.IsZero())
}

func BenchmarkRecorderEnd(b *testing.B) {
	r := NewRecorder(NewBounds(someBuckets))
	res := &probe.Result{Due: 1, End: 1e6, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}, Sent: 100, Received: 1000, Reused: true}
	b.ReportAllocs()
	for b.Loop() {
		r.Begin(0)
		r.End(res, errcode.OK)
	}
}

func TestRecordingARequestAllocatesNothing(t *testing.T) {
	r := NewRecorder(NewBounds(someBuckets))
	res := &probe.Result{Due: 1, End: 1e6, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}}
	failed := &probe.Result{Due: 1, End: 2e6, Err: &errcode.PhaseError{Err: syscall.ECONNREFUSED}}
	record := func() {
		r.Begin(0)
		r.End(res, errcode.OK)
		r.Begin(0)
		r.End(failed, errcode.Refused)
	}
	record()
	assert.Zero(t, testing.AllocsPerRun(1000, record))
}

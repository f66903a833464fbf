package numbers

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// ended returns the result of a request that took d.
func ended(d time.Duration, err error) *probe.Result {
	return &probe.Result{Due: 1, End: probe.Instant(d) + 1, Err: err}
}

func refused() *probe.Result {
	return ended(time.Millisecond, &errcode.PhaseError{Phase: errcode.PhaseConnect, Err: errors.New("connection refused")})
}

// burstOf counts one burst of results with the same code.
func burstOf(r *Recorder, code errcode.Code, results ...*probe.Result) {
	r.StartBurst(nil)
	for _, res := range results {
		r.Begin(0)
		r.End(res, code)
	}
	r.EndBurst(time.Second, load.DropShutdown)
}

func testRecorder() *Recorder { return NewRecorder(NewBounds([]float64{0.001, 1})) }

func TestHistoryKeepsTheLastBursts(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	assert.Nil(t, r.history.latest())
	for n := 1; n <= keptBursts+5; n++ {
		burstOf(r, errcode.OK) // one that sent nothing
		results := make([]*probe.Result, n)
		for i := range results {
			results[i] = ended(time.Millisecond, nil)
		}
		burstOf(r, errcode.OK, results...)
	}
	bursts := r.history.exportBursts()
	require.Len(t, bursts, keptBursts)
	last := bursts[keptBursts-1]
	assert.EqualValues(t, keptBursts+5, last.Requests)
	assert.Equal(t, last, *r.history.latest())
	assert.EqualValues(t, keptBursts+4, bursts[keptBursts-3].Requests, "in order, the oldest first")
	assert.Equal(t, time.Second, last.Duration)
	assert.WithinDuration(t, time.Now(), last.Start, time.Minute)
}

func TestABurstOfTheHistoryHasItsOwnNumbersOnly(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	slow := ended(2*time.Second, nil)
	slow.Opened = true
	burstOf(r, errcode.OK, slow, slow, slow)
	quick := ended(100*time.Microsecond, nil)
	quick.Reused = true
	burstOf(r, errcode.OK, quick, quick)
	b := r.history.latest()
	assert.EqualValues(t, 2, b.Requests)
	assert.EqualValues(t, 2, b.Reused)
	assert.Zero(t, b.Opened)
	assert.Zero(t, b.Failed)
	assert.Empty(t, b.Kinds)
	for _, p := range []time.Duration{b.P50, b.P95, b.P99} {
		assert.InEpsilon(t, 100*time.Microsecond, p, 0.07)
	}
	assert.InEpsilon(t, 100*time.Microsecond, b.Max, 1e-4)
	assert.EqualValues(t, 255, b.Latency[latencyBucket(100*time.Microsecond)/bucketsPerRow])
}

func TestHistoryTellsTheTargetsFailuresFromTheProbersOwn(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.StartBurst(nil)
	for range 3 {
		r.Begin(0)
		r.End(refused(), errcode.Refused)
	}
	r.Begin(0)
	r.End(ended(time.Millisecond, nil), errcode.LocalPorts)
	r.Begin(0)
	r.DropUnsent(0, load.DropLimitRate)
	r.Begin(0)
	r.DropUnsent(0, load.DropBreaker)
	r.EndBurst(time.Second, load.DropShutdown)
	b := r.history.latest()
	assert.EqualValues(t, 4, b.Requests)
	assert.EqualValues(t, 3, b.Failed)
	assert.EqualValues(t, 1, b.Own)
	assert.EqualValues(t, 2, b.Dropped)
	assert.EqualValues(t, 1, b.Held, "the breaker is no trouble")
	assert.Equal(t, []FailureKind{
		{Code: errcode.Refused, Phase: errcode.PhaseConnect, Count: 3}, {Code: errcode.LocalPorts, Phase: errcode.PhaseNone, Count: 1},
	}, b.Kinds)
}

func TestHistoryKnowsSinceWhenATargetFails(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	h := &r.history
	burstOf(r, errcode.OK, ended(1, nil))
	assert.Zero(t, h.failingSince)
	burstOf(r, errcode.Refused, refused())
	first := h.failingSince
	assert.Equal(t, r.counts.LastStart, first)
	burstOf(r, errcode.Closed, refused())
	assert.Equal(t, first, h.failingSince, "the run goes on with another code")
	burstOf(r, errcode.LocalPorts, refused())
	assert.Equal(t, first, h.failingSince, "a burst that never reached the target says nothing about it")
	assert.Equal(t, r.counts.LastStart, h.troubledSince)
	burstOf(r, errcode.OK)
	assert.NotZero(t, h.troubledSince, "nor does an empty one")
	assert.Zero(t, h.lastFailing, "the run is not over")
	burstOf(r, errcode.OK, ended(1, nil))
	assert.Zero(t, h.failingSince)
	assert.Zero(t, h.troubledSince)
	run := Span{first, r.counts.LastStart}
	assert.Equal(t, run, h.lastFailing)
	burstOf(r, errcode.OK, ended(1, nil))
	burstOf(r, errcode.Closed, refused())
	assert.Equal(t, run, r.Snapshot(0).LastFailing, "the one before is told while the next goes on")
}

func TestHistoryKeepsTheFirstFailureOfEachKindAndCountsTheOthers(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	res := refused()
	res.Remote, res.HTTP = netip.MustParseAddrPort("[::1]:80"), &probe.HTTP{Status: 502}
	burstOf(r, errcode.Refused, res, res, res)
	burstOf(r, errcode.Closed, ended(time.Second, nil))
	got := r.history.exportFailures()
	require.Len(t, got, 2)
	assert.Equal(t, errcode.Closed, got[0].Code, "the latest first")
	assert.EqualValues(t, 1, got[0].Count)
	assert.Empty(t, got[0].Text)
	want := Failure{
		Time: got[1].Time, Code: errcode.Refused, Phase: errcode.PhaseConnect, Text: "connection refused",
		Remote: res.Remote, Status: 502, Duration: got[1].Duration, Count: 3,
	}
	assert.Equal(t, want, got[1])
	assert.InEpsilon(t, time.Millisecond, got[1].Duration, 1e-4)
}

func TestHistoryIsBoundedWhateverATargetAnswers(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.StartBurst(nil)
	for status := 400; status < 600; status++ {
		r.Begin(0)
		r.End(ended(time.Millisecond, nil), errcode.FromStatus(status))
	}
	r.EndBurst(time.Second, load.DropShutdown)
	b := r.history.latest()
	assert.Len(t, b.Kinds, keptKinds)
	assert.EqualValues(t, 200, b.Failed, "all are counted")
	assert.Len(t, r.history.exportFailures(), keptKinds)
	for range keptFailures {
		burstOf(r, errcode.Refused, refused())
	}
	assert.Len(t, r.history.exportFailures(), keptFailures)
}

func TestAFailureHasTheTraceOfARequestThatWasSent(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	for _, c := range []struct {
		sent int64
		id   probe.TraceID
	}{{1, probe.TraceID{1, 0xab}}, {0, probe.TraceID{2}}, {1, probe.TraceID{}}} {
		res := refused()
		res.Sent, res.HTTP = c.sent, &probe.HTTP{TraceID: c.id}
		burstOf(r, errcode.Refused, res)
	}
	failures := r.history.exportFailures()
	assert.Equal(t, []string{"", "", "01ab0000000000000000000000000000"}, []string{failures[0].TraceID, failures[1].TraceID, failures[2].TraceID})
}

// TestTheMemoryOfAHistory checks the figures in the comment on keptBursts and in
// docs/status-page.md.
func TestTheMemoryOfAHistory(t *testing.T) {
	const targets = 100
	long := ended(time.Millisecond, &errcode.PhaseError{Err: errors.New(strings.Repeat("x", 10*maxText))})
	once := func(play func(*Recorder)) int {
		recorders := make([]*Recorder, targets)
		for i := range recorders {
			recorders[i] = testRecorder()
			recorders[i].history.startBurst(recorders[i].mark(), recorders[i].counts.LastStart)
			recorders[i].history = history{} // the memory of the recorder itself does not count
		}
		before := heapInUse()
		for _, r := range recorders {
			for range 2 * keptBursts {
				r.history.startBurst(r.mark(), r.counts.LastStart)
				play(r)
				r.history.endBurst(r.mark(), r.burst.requests, r.cut, time.Second)
			}
		}
		after := heapInUse()
		runtime.KeepAlive(recorders)
		return int(after-before) / targets
	}
	// Other work in the process allocates too, but hardly three times in a row.
	weight := func(play func(*Recorder)) int { return min(once(play), once(play), once(play)) }
	healthy := weight(func(r *Recorder) { r.history.request("", ended(time.Millisecond, nil), errcode.OK) })
	failing := weight(func(r *Recorder) {
		for k := range keptKinds {
			r.history.request("", long, errcode.FromStatus(500+k))
		}
	})
	assert.LessOrEqual(t, healthy, 8<<10)
	assert.LessOrEqual(t, failing, 16<<10)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestHistoryAllocatesNothingPerRequest(t *testing.T) {
	r := testRecorder()
	r.StartBurst(nil)
	good, bad := ended(time.Millisecond, nil), refused()
	r.history.request("", bad, errcode.Refused)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		r.history.request("", good, errcode.OK)
		r.history.request("", bad, errcode.Refused)
	}))
}

func BenchmarkHistoryRequest(b *testing.B) {
	for name, c := range map[string]struct {
		res  *probe.Result
		code errcode.Code
	}{"success": {ended(time.Millisecond, nil), errcode.OK}, "failure": {refused(), errcode.Refused}} {
		b.Run(name, func(b *testing.B) {
			r := testRecorder()
			r.StartBurst(nil)
			r.history.request("", c.res, c.code)
			b.ReportAllocs()
			for b.Loop() {
				r.history.request("", c.res, c.code)
			}
		})
	}
}

func TestLatencyBucketsCoverEveryDurationOnce(t *testing.T) {
	t.Parallel()
	for i := 1; i < latencyBuckets; i++ {
		assert.Equal(t, i, latencyBucket(bucketStart(i)+1))
		assert.Equal(t, i-1, latencyBucket(bucketStart(i)))
	}
	assert.Equal(t, 0, latencyBucket(-time.Second))
	assert.Equal(t, 0, latencyBucket(0))
	assert.Equal(t, 0, latencyBucket(1))
	assert.Equal(t, latencyBuckets-1, latencyBucket(time.Hour))
	assert.Equal(t, bucketStart(latencyBuckets), LatencyRow(LatencyRows))
	assert.Equal(t, time.Second>>15, LatencyRow(0))
	assert.Equal(t, 32*time.Second, LatencyRow(LatencyRows))
}

// TestALongBurstDoesNotBeginToCountAnew has more requests than a uint32 can count, like a
// day at 50,000 a second.
func TestALongBurstDoesNotBeginToCountAnew(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.StartBurst(nil)
	live := r.history.live
	own := ended(time.Millisecond, nil)
	own.Start = 1
	for _, code := range []errcode.Code{errcode.Refused, errcode.LocalPorts} {
		r.Begin(0)
		r.End(own, code)
	}
	fast, slow := latencyBucket(time.Millisecond), latencyBucket(time.Second)
	live.latency.counts[fast], live.latency.counts[slow] = math.MaxUint32, math.MaxUint32/4
	live.failed, live.own = math.MaxUint32, math.MaxUint32
	for i := range live.used {
		live.kinds[i].count = math.MaxUint32
		r.history.last.ring[live.kinds[i].sample].count = math.MaxUint32
	}
	before := live.latency.rows()
	for _, code := range []errcode.Code{errcode.Refused, errcode.LocalPorts} {
		r.Begin(0)
		r.End(own, code)
	}
	assert.Equal(t, before, live.latency.rows())
	r.EndBurst(24*time.Hour, load.DropShutdown)
	b := r.history.latest()
	assert.Equal(t, []uint64{math.MaxUint32, math.MaxUint32}, []uint64{b.Failed, b.Own})
	for _, k := range b.Kinds {
		assert.EqualValues(t, uint32(math.MaxUint32), k.Count)
	}
	for _, f := range r.history.exportFailures() {
		assert.EqualValues(t, uint32(math.MaxUint32), f.Count)
	}
}

func TestQuantilesOfABurstAreWithinSixPercent(t *testing.T) {
	t.Parallel()
	var l latencies
	assert.Zero(t, l.quantile(0.5))
	for i := 1; i <= 1000; i++ {
		l.observe(time.Duration(i) * time.Millisecond)
	}
	for _, q := range []float64{0.01, 0.5, 0.95, 0.99} {
		assert.InEpsilon(t, q, l.quantile(q).duration(l.longest).Seconds(), 0.0626)
	}
	l.observe(time.Hour)
	assert.Equal(t, time.Hour, l.quantile(1).duration(l.longest))
}

func TestTextOfAFailureIsCleaned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"plain text stays":               {"connection refused", "connection refused"},
		"a stack is cut off":             {"panic: boom\ngoroutine 1 [running]", "panic: boom"},
		"control characters":             {"a\x1b[31mb\x00c\td", "a\uFFFD[31mb\uFFFDc\uFFFDd"},
		"turned text":                    {"a\u202eb\u2066c", "a\uFFFDb\uFFFDc"},
		"what has no width":              {"a\u200bb\ufeffc\ufe0fd\u3164", "a\uFFFDb\uFFFDc\uFFFDd\uFFFD"},
		"what is not UTF-8":              {"a\xffb", "a\uFFFDb"},
		"markup is for the page to mind": {"<b>&", "<b>&"},
		"the query of a URL":             {`Get "https://h/p?token=x": EOF`, `Get "https://h/p EOF`},
		"the credentials of a URL":       {`dial http://u:p@h:80/ failed`, `dial http://h:80/ failed`},
		"a password with a query mark":   {`http://u:p?q#r@h/`, `http://h/`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, FailureText(ended(1, &errcode.PhaseError{Err: errors.New(c.text)}), errcode.General))
		})
	}
	long := Clean(strings.Repeat("é", 10_000))
	assert.LessOrEqual(t, len(long), maxText)
	assert.True(t, utf8.ValidString(long))
	assert.True(t, strings.HasSuffix(long, "é…"))
	about := &url.Error{Op: "Get", URL: "http://h/?to ken=x y", Err: errors.New("EOF")}
	assert.Equal(t, "EOF", FailureText(ended(1, &errcode.PhaseError{Err: fmt.Errorf("fetch: %w", about)}), errcode.General))
	lacking := &probe.Result{HTTP: &probe.HTTP{BodyErr: errors.New("the body lacks it")}}
	assert.Equal(t, "the body lacks it", FailureText(lacking, errcode.UnexpectedBody))
	assert.Empty(t, FailureText(lacking, errcode.FromStatus(503)), "the status is the failure")
}

package numbers

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// neverFrozen is for arrivals of a process that runs all the time.
func neverFrozen(_, _ probe.Instant) time.Duration { return 0 }

// requireIdentity checks that no request is lost, by name and in total, and that the target's
// numbers are the sums of its requests' numbers.
func requireIdentity(t testing.TB, s *Snapshot) {
	t.Helper()
	var all RequestNumbers
	for i := range s.ByRequest {
		n := &s.ByRequest[i]
		var counted, kinds uint64
		for code, h := range n.ByCode {
			counted += h.count
			if code == errcode.OK {
				kinds += h.count
			}
		}
		for _, k := range n.Kinds {
			kinds += k.Count
		}
		require.Equal(t, n.Requests, counted, "the histograms' counts are the counters")
		require.Equal(t, n.Requests, kinds, "each failure has a kind")
		require.Equal(t, n.Scheduled, counted+n.Dropped.Total()+n.Waiting+n.InFlight,
			"%s: scheduled = counted + dropped + waiting + in flight", n.Name)
		all.Scheduled += n.Scheduled
		all.Requests += n.Requests
		all.Waiting += n.Waiting
		all.InFlight += n.InFlight
		for reason, count := range n.Dropped {
			all.Dropped[reason] += count
		}
	}
	require.Equal(t, s.Scheduled, s.Requests+s.Dropped.Total()+s.Waiting+s.InFlight)
	sums := RequestNumbers{Scheduled: s.Scheduled, Requests: s.Requests, Waiting: s.Waiting, InFlight: s.InFlight, Dropped: s.Dropped}
	require.Equal(t, all, sums, "the target has the sums")
	var merged uint64
	for _, h := range s.ByCode {
		merged += h.count
	}
	require.Equal(t, s.Requests, merged)
	if j := s.Journey; j != nil {
		first := s.ByRequest[0]
		require.Equal(t, first.Scheduled, j.Total()+first.Dropped.Total()+first.Waiting+j.InFlight,
			"scheduled of the first step = journeys + dropped + waiting + under way")
		var observed uint64
		for i := range j.Durations {
			observed += j.Durations[i].count
			require.Equal(t, j.Count(JourneyResult(i)), j.Durations[i].count)
		}
		require.Equal(t, j.Total(), observed)
	}
}

// endAs ends a request of r with a random result.
func endAs(r *Recorder, request int) {
	res := &probe.Result{Due: 1, End: probe.Instant(rand.IntN(1e6)), Request: request, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}}
	switch rand.IntN(4) {
	case 0:
		res.Err = &errcode.PhaseError{Phase: errcode.PhaseConnect, Err: errNo}
		r.End(res, errcode.Refused)
	case 1:
		r.End(res, errcode.FromStatus(503))
	default:
		r.End(res, errcode.OK)
	}
}

var errNo = errcode.New(errcode.Refused, "no")

// hammer runs work in many goroutines, and checks snapshots until all of them have ended.
func hammer(t *testing.T, r *Recorder, work func()) {
	t.Helper()
	var working sync.WaitGroup
	var left atomic.Int64
	const workers = 16
	left.Store(workers)
	for range workers {
		working.Go(func() {
			defer left.Add(-1)
			work()
		})
	}
	for left.Load() > 0 {
		s := r.Snapshot(WithEverything)
		requireIdentity(t, &s)
		runtime.Gosched()
	}
	working.Wait()
	r.EndBurst(time.Second, load.DropShutdown)
	s := r.Snapshot(WithEverything)
	requireIdentity(t, &s)
	assert.Zero(t, s.Waiting)
	assert.Zero(t, s.InFlight)
}

// claimAll claims or reserves one arrival after another, and calls serve with each, until none is
// left.
func claimAll(r *Recorder, reserve bool, serve func(next load.Arrival)) {
	for free := probe.Now(); ; {
		claim := r.Claim
		if reserve {
			claim = r.Reserve
		}
		next, state := claim(probe.Now(), free)
		switch state {
		case load.Claimed:
			serve(next)
			free = probe.Now()
		case load.Exhausted:
			return
		default:
			runtime.Gosched()
		}
	}
}

func TestEverySnapshotOfAMixAddsUpForEachRequest(t *testing.T) {
	t.Parallel()
	for name, reserve := range map[string]bool{"claimed": false, "with ceilings": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRecorder()
			r.SetRequests([]string{"search", "home", "pay"}, false)
			timeouts := []time.Duration{20 * time.Millisecond, time.Millisecond, time.Second}
			r.Adopt(load.Breaker{}, timeouts...)
			weights := []int{5, 3, 2}
			p := load.NewPacer(&load.Burst{Rate: 40_000, Requests: 8000}, "shop", 1, load.Whole())
			a := load.NewArrivals(p, load.NewMix(weights, "shop", 1), probe.Now(), timeouts, neverFrozen)
			a.Workers = 16
			r.StartBurst(a)
			hammer(t, r, func() {
				claimAll(r, reserve, func(next load.Arrival) {
					if reserve && rand.IntN(10) == 0 {
						r.HoldBack(next.Request, load.DropLimitRate)
						return
					}
					if reserve {
						r.Start(next.Request)
					}
					if rand.IntN(10) == 0 {
						r.DropUnsent(next.Request, load.DropLimitConnections)
						return
					}
					endAs(r, next.Request)
				})
			})
			for i, n := range r.Snapshot(0).ByRequest {
				assert.EqualValues(t, 800*weights[i], n.Scheduled, n.Name)
			}
		})
	}
}

func TestEverySnapshotOfAClosedMixAddsUpForEachRequest(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"search", "home"}, false)
	m := load.NewMix([]int{3, 1}, "shop", 1)
	var next atomic.Int64
	r.StartBurst(nil)
	const requests = 4000
	hammer(t, r, func() {
		for k := next.Add(1) - 1; k < requests; k = next.Add(1) - 1 {
			request := m.Request(k)
			r.Begin(request)
			endAs(r, request)
		}
	})
	s := r.Snapshot(0)
	assert.EqualValues(t, 3000, s.ByRequest[0].Scheduled)
	assert.EqualValues(t, 1000, s.ByRequest[1].Scheduled)
}

func TestABurstOfAMixThatIsCutDropsWhatWaitsByRequest(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"search", "home"}, false)
	p := load.NewPacer(&load.Burst{Rate: 10, Requests: 100}, "shop", 1, load.Whole())
	start := probe.Now().Add(-3950 * time.Millisecond)
	r.StartBurst(load.NewArrivals(p, load.NewMix([]int{3, 1}, "shop", 1), start, []time.Duration{time.Hour}, neverFrozen))
	s := r.Snapshot(WithEverything)
	requireIdentity(t, &s)
	waiting := s.Waiting
	assert.GreaterOrEqual(t, waiting, uint64(40))
	r.Stop(load.DropReload)
	s = r.Snapshot(WithEverything)
	requireIdentity(t, &s)
	assert.GreaterOrEqual(t, s.Dropped[load.DropReload], waiting)
	for i, least := range []uint64{30, 10} {
		assert.GreaterOrEqual(t, s.ByRequest[i].Dropped[load.DropReload], least)
	}
}

func TestRequestsThatStayKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	play := func(request int, code errcode.Code, times int) {
		r.StartBurst(nil)
		for range times {
			r.Begin(request)
			res := ended(time.Millisecond, nil)
			res.Request = request
			r.End(res, code)
		}
		r.Begin(request)
		r.DropUnsent(request, load.DropLimitRate)
		r.EndBurst(time.Second, load.DropShutdown)
	}
	names := func() (all []string) {
		s := r.Snapshot(WithEverything)
		if s.ByRequest != nil {
			requireIdentity(t, &s)
		}
		for _, n := range s.ByRequest {
			all = append(all, n.Name)
		}
		return all
	}
	play(0, errcode.OK, 9)
	r.SetRequests([]string{"a", "b", "c"}, false)
	assert.Equal(t, []string{"a", "b", "c"}, names())
	assert.Zero(t, r.Snapshot(0).Scheduled, "what had no name is gone")
	play(0, errcode.OK, 1)
	play(1, errcode.Refused, 2)
	play(2, errcode.OK, 4)
	r.SetRequests([]string{"c", "d", "b"}, false)
	assert.Equal(t, []string{"c", "d", "b"}, names())
	s := r.Snapshot(WithEverything)
	assert.Equal(t, []uint64{4, 0, 2}, []uint64{s.ByRequest[0].Requests, s.ByRequest[1].Requests, s.ByRequest[2].Requests})
	assert.Equal(t, []CodeCount{{errcode.OK, 4}, {errcode.Refused, 2}}, s.Codes)
	assert.EqualValues(t, 2, s.Dropped.Total())
	r.SetRequests(nil, false)
	assert.Nil(t, names())
	s = r.Snapshot(WithEverything)
	assert.Zero(t, s.Scheduled)
	assert.Nil(t, s.ByRequest)
	assert.NotNil(t, s.ByCode[errcode.OK])
	play(0, errcode.OK, 1)
	r.SetRequests(nil, false)
	assert.EqualValues(t, 2, r.Snapshot(0).Scheduled, "that without a name stays too")
}

func TestTheSumsOfATargetAreThoseOfItsRequests(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"quick", "slow"}, false)
	r.StartBurst(nil)
	for request, d := range []time.Duration{time.Millisecond, 2 * time.Second} {
		for range 5 {
			r.Begin(request)
			r.End(&probe.Result{Due: 1, End: probe.Instant(d) + 1, Request: request, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}}, errcode.OK)
		}
		r.Begin(request)
		res := refused()
		res.Request = request
		r.End(res, errcode.Refused)
	}
	r.EndBurst(time.Second, load.DropShutdown)
	s := r.Snapshot(WithEverything)
	requireIdentity(t, &s)
	assert.Equal(t, []CodeCount{{errcode.OK, 10}, {errcode.Refused, 2}}, s.Codes)
	assert.Equal(t, []FailureKind{{Code: errcode.Refused, Phase: errcode.PhaseConnect, Count: 2}}, s.Kinds)
	assert.Equal(t, []ResponseCount{{200, probe.HTTP11.String(), 10}}, s.Responses)
	assert.InEpsilon(t, time.Millisecond, s.ByRequest[0].P99, 0.05)
	assert.InEpsilon(t, 2*time.Second, s.ByRequest[1].P50, 0.05)
	assert.InEpsilon(t, time.Millisecond, s.P50, 0.05)
	assert.InEpsilon(t, 2*time.Second, s.P99, 0.05)
	assert.Equal(t, "quick", s.Failures[0].Request)
	assert.EqualValues(t, 2, s.Failures[0].Count, "of the burst, of whichever request")

	rows := NewReport(s, load.Plan{}).Rows
	require.Len(t, rows, 2)
	assert.Equal(t, []any{"slow", uint64(6), uint64(5), uint64(1)}, []any{rows[1].Name, rows[1].Scheduled, rows[1].Succeeded, rows[1].Failed})
	assert.EqualValues(t, 6, rows[1].Latency.Count)
	assert.Equal(t, 2*time.Second, rows[1].Latency.Max)
}

func TestEachRequestOfAMixLearnsItsOwnTimeOfAnAnswer(t *testing.T) {
	t.Parallel()
	r := testRecorder()
	r.SetRequests([]string{"quick", "slow"}, false)
	p := load.NewPacer(&load.Burst{Rate: 1000, Requests: 100}, "shop", 1, load.Whole())
	a := load.NewArrivals(p, load.NewMix([]int{1, 1}, "shop", 1), 0, []time.Duration{time.Hour}, neverFrozen)
	a.Workers = 1
	r.StartBurst(a)
	takes := []time.Duration{time.Millisecond, time.Second}
	now := probe.Instant(time.Second)
	for range 100 {
		next, state := r.Claim(now, now)
		require.Equal(t, load.Claimed, state)
		res := ended(takes[next.Request], nil)
		res.Request, res.Taken = next.Request, 1
		r.End(res, errcode.OK)
	}
	for request, took := range takes {
		assert.Equal(t, took+took/8, a.Needs[request].Estimate())
	}
	r.EndBurst(time.Second, load.DropShutdown)
	assert.Equal(t, (time.Millisecond+time.Second)/2, r.counts.Capacity.Answer, "workers are busy with the mean")
}

func TestAMixIsCountedWithoutAllocation(t *testing.T) {
	r := testRecorder()
	r.SetRequests([]string{"search", "home"}, false)
	p := load.NewPacer(&load.Burst{Rate: 1000}, "shop", 1, load.Whole())
	a := load.NewArrivals(p, load.NewMix([]int{3, 1}, "shop", 1), 0, []time.Duration{time.Second}, neverFrozen)
	a.Workers = 1
	r.StartBurst(a)
	res := &probe.Result{Due: 1, End: 1e6, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}}
	failed := refused()
	now := probe.Instant(0)
	record := func() {
		now = now.Add(10 * time.Millisecond) // more become due than are claimed
		for _, as := range []*probe.Result{res, failed} {
			next, _ := r.Claim(now, now)
			as.Request = next.Request
			if as == res {
				r.End(as, errcode.OK)
			} else {
				r.End(as, errcode.Refused)
			}
		}
	}
	for range 200 {
		record()
	}
	assert.Zero(t, testing.AllocsPerRun(1000, record))
	assert.Positive(t, r.counts.Dropped.Total())
}

// Some arrivals had less time and have expired behind arrivals that are not worth sending. They
// are dropped as expired, and none of them is sent.
func TestWhatRunsOutOfTimeBehindWhatIsGivenUpIsDroppedForThat(t *testing.T) {
	t.Parallel()
	const workers = 1
	r := testRecorder()
	r.SetRequests([]string{"patient", "hasty"}, false)
	mix := load.NewMix([]int{1, 1}, "shop", 1)
	p := load.NewPacer(&load.Burst{Rate: 10, Requests: 100}, "shop", 1, load.Whole())
	a := load.NewArrivals(p, mix, 0, []time.Duration{10 * time.Second, time.Second}, neverFrozen)
	a.Workers = workers
	r.StartBurst(a)
	for range 2 * workers {
		a.Needs[0].Note(7 * time.Second) // with an eighth more, a request is hopeless after more than 2.125 s
	}
	var hopeless, expired uint64
	now := 5 * time.Second
	for k := range int64(100) {
		due := time.Duration(k) * 100 * time.Millisecond
		switch wait := now - due; {
		case mix.Request(k) == 0 && wait > 2125*time.Millisecond:
			hopeless++
		case mix.Request(k) == 1 && wait > 2125*time.Millisecond:
			expired++
		}
	}
	next, state := r.Claim(probe.Instant(now), probe.Instant(now))
	require.Equal(t, load.Claimed, state)
	dropped := r.counts.Dropped
	assert.Equal(t, hopeless, dropped[load.DropNoWorker])
	assert.GreaterOrEqual(t, dropped[load.DropTimeout], expired)
	assert.Equal(t, hopeless, r.requests[0].dropped.Total())
	assert.Equal(t, dropped[load.DropTimeout], r.requests[1].dropped.Total())
	assert.Zero(t, next.Request)
}

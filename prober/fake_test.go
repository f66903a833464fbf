package prober

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/rig"
	"example.com/prober/option"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }

var testBuckets = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10}

// outcome returns the result of a request that took d.
func outcome(d time.Duration, err error) *probe.Result {
	return &probe.Result{Due: 1, End: probe.Instant(d) + 1, Err: err}
}

func refusal() *probe.Result {
	return outcome(time.Millisecond, &errcode.PhaseError{Phase: errcode.PhaseConnect, Err: errors.New("connection refused")})
}

// play counts one burst of results, all with one code.
func play(r *numbers.Recorder, code errcode.Code, results ...*probe.Result) {
	r.StartBurst(nil)
	for _, res := range results {
		r.Begin(0)
		r.End(res, code)
	}
	r.EndBurst(time.Second, load.DropShutdown)
}

// startLate counts a burst that starts so long after its slot.
func startLate(r *numbers.Recorder, by time.Duration) {
	r.Late(0, by)
	play(r, errcode.OK)
}

// noEngine is for tests that send no request.
type noEngine struct{ probe.Engine }

func (noEngine) ClientCertificateNotAfter() time.Time { return time.Time{} }

// fakeEngine replaces the network. The test decides how long each request takes; the
// goroutine of the request only sleeps.
type fakeEngine struct {
	// serve returns how long request k, counted from 0, takes, and its status.
	serve func(k int) (time.Duration, int)

	mu      sync.Mutex
	starts  []probe.Instant
	dues    []probe.Instant
	asked   []int // the request of each
	current int
	most    int
	closed  int
	aborted chan struct{}
}

func newFakeEngine(serve func(k int) (time.Duration, int)) *fakeEngine {
	return &fakeEngine{serve: serve, aborted: make(chan struct{})}
}

func takes(d time.Duration) func(int) (time.Duration, int) {
	return func(int) (time.Duration, int) { return d, 200 }
}

func (f *fakeEngine) Do(_ context.Context, r *probe.Result) {
	f.mu.Lock()
	k := len(f.starts)
	f.starts = append(f.starts, probe.Now())
	f.dues = append(f.dues, r.Due)
	f.asked = append(f.asked, r.Request)
	f.current++
	f.most = max(f.most, f.current)
	f.mu.Unlock()

	r.Start = probe.Now()
	d, status := f.serve(k)
	if left := r.Deadline.Sub(r.Start); d > left {
		d, status = left, 0
		r.Err = &errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: context.DeadlineExceeded}
	}
	timer := time.NewTimer(d)
	select {
	case <-timer.C:
	case <-f.aborted:
		status = 0
		r.Err = &errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: context.Canceled}
	}
	r.End, r.HTTP = probe.Now(), &probe.HTTP{Status: status}

	f.mu.Lock()
	f.current--
	f.mu.Unlock()
}

func (f *fakeEngine) Code(r *probe.Result) errcode.Code { return codeOf(r, 0) }

// codeOf judges r as engines do; a latency of 0 is no limit.
func codeOf(r *probe.Result, maxLatency time.Duration) errcode.Code {
	switch {
	case r.Err != nil:
		return errcode.FromError(r.Err)
	case errcode.FromStatus(r.HTTP.Status) != errcode.OK:
		return errcode.FromStatus(r.HTTP.Status)
	case maxLatency > 0 && r.Duration() > maxLatency:
		return errcode.TooSlow
	}
	return errcode.OK
}

func (f *fakeEngine) CloseIdle() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed++
}

func (f *fakeEngine) Wait()     {}
func (f *fakeEngine) Abort()    { close(f.aborted) }
func (f *fakeEngine) Open() int { return 0 }

func (f *fakeEngine) ClientCertificateNotAfter() time.Time { return time.Time{} }

func (f *fakeEngine) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.starts)
}

func testConfig(burst config.Burst) config.Target {
	if burst.Concurrency == 0 {
		burst.Concurrency = 10
	}
	return config.Target{
		Name:       "checkout",
		URL:        &url.URL{Scheme: "http", Host: "shop.example", Path: "/"},
		Interval:   30 * time.Second,
		Timeout:    time.Second,
		Burst:      burst,
		Request:    config.Request{Method: "GET"},
		Connection: config.Connection{Reuse: config.ReuseAlways, Dial: option.Dial{ConnectTimeout: time.Second, TLSTimeout: time.Second}},
	}
}

func testTarget(cfg config.Target, e probe.Engine) *target {
	r := numbers.NewRecorder(numbers.NewBounds(testBuckets))
	l := loadOf(&cfg)
	r.SetRequests(l.Names, l.IsJourney())
	r.Adopt(breakerOf(&cfg), cfg.Timeout)
	t := &target{
		load:     l,
		recorder: r,
		limiter:  load.NewLimiter(Limits{}),
		part:     load.Whole(),
		reports:  newReports(slog.New(slog.DiscardHandler), cfg.Name),
		pause: func(ctx context.Context, until probe.Instant) {
			sleep(ctx, until.Sub(probe.Now()))
		},
		sleep: sleep,
		wall:  time.Now,
		boot:  probe.Now,
	}
	t.current.Store(newSender(&cfg, &compiled{engine: e}))
	return t
}

// responses returns how many responses had a status and a version of HTTP.
func responses(s numbers.Snapshot, status int, version string) (n uint64) {
	for _, r := range s.Responses {
		if r.Status == status && r.Version == version {
			n += r.Count
		}
	}
	return n
}

// failed returns how many requests failed with a code in a phase.
func failed(s numbers.Snapshot, code errcode.Code, phase errcode.Phase) (n uint64) {
	for _, k := range s.Kinds {
		if k.Code == code && k.Phase == phase {
			n += k.Count
		}
	}
	return n
}

// fireOnce fires a burst and returns the numbers of the target.
func fireOnce(t testing.TB, target *target) numbers.Snapshot {
	t.Helper()
	target.fire(t.Context(), context.Background(), 0)
	return conserved(t, target.recorder)
}

// conserved returns the numbers of r, and checks that nothing is lost.
func conserved(t testing.TB, r *numbers.Recorder) numbers.Snapshot {
	t.Helper()
	c := r.Snapshot(numbers.WithEverything)
	assertConserved(t, c)
	return c
}

// assertConserved checks that nothing is lost and nothing is counted twice.
func assertConserved(t testing.TB, c numbers.Snapshot) {
	t.Helper()
	var counted, dropped uint64
	for _, h := range c.ByCode {
		counted += h.Count()
	}
	for _, n := range c.Dropped {
		dropped += n
	}
	if c.Scheduled != counted+dropped+c.Waiting+c.InFlight {
		t.Errorf("scheduled %d, but %d counted + %d dropped + %d waiting + %d in flight", c.Scheduled, counted, dropped, c.Waiting, c.InFlight)
	}
	for i := range c.ByRequest {
		n := &c.ByRequest[i]
		assert.Equal(t, n.Scheduled, n.Requests+n.Dropped.Total()+n.Waiting+n.InFlight, "of the request %s", n.Name)
	}
	if j := c.Journey; j != nil {
		first := &c.ByRequest[0]
		assert.Equal(t, first.Scheduled, j.Total()+j.InFlight+first.Dropped.Total()+first.Waiting, "of journeys")
	}
}

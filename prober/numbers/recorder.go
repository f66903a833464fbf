package numbers

import (
	"maps"
	"slices"
	"sync"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// expectedCodes have a counter at 0 from a target's start: a counter that first appears at 50 has an
// increase() of 0. They ascend.
var expectedCodes = [...]errcode.Code{
	errcode.OK, errcode.RequestTimeout, errcode.NoSuchHost,
	errcode.DialTimeout, errcode.Refused, errcode.Reset, errcode.Closed,
	errcode.UnknownAuthority, errcode.HostnameMismatch, errcode.CertExpired,
	errcode.FromStatus(429), errcode.FromStatus(500), errcode.FromStatus(502),
	errcode.FromStatus(503), errcode.FromStatus(504),
}

// expectedOfCalls and expectedOfDNS are expectedCodes with the codes of gRPC calls or of DNS servers.
var (
	expectedOfCalls = expectedBesides(errcode.GRPCDeadline, errcode.GRPCUnimplemented, errcode.GRPCUnavailable, errcode.GRPCNotServing)
	expectedOfDNS   = expectedBesides(errcode.DNSServfail, errcode.DNSRefused, errcode.DNSTimeout, errcode.DNSUnreachable)
)

func expectedBesides(codes ...errcode.Code) []errcode.Code {
	return slices.Sorted(slices.Values(slices.Concat(expectedCodes[:], codes)))
}

// Counters are the counters of one target without labels. A tag is the name in the API.
type Counters struct {
	// Scheduled requests were due; Bursts have ended.
	Scheduled uint64 `json:"-"`
	Bursts    uint64 `json:"-"`
	// Sent and Received count bytes of HTTP or DNS, without TLS.
	Sent     uint64 `json:"sent_bytes"`
	Received uint64 `json:"received_bytes"`
	// Opened counts connections, Reused the requests on a connection that was already open.
	Opened uint64 `json:"connections_opened"`
	Reused uint64 `json:"connections_reused"`
	// Resent counts the requests that were sent once more, because the server said it had not processed
	// them.
	Resent uint64 `json:"requests_resent"`
	// Messages counts the complete messages of gRPC answers.
	Messages uint64 `json:"messages_received"`
	// Untimed counts the requests whose answer ended by the program's clock, because the kernel was asked
	// and did not say when it arrived.
	Untimed uint64 `json:"requests_without_kernel_time"`
}

// Counts are all numbers of one target except distributions and counts by error code. A copy shares nothing.
// They agree with each other: Scheduled = the counts of all codes + Dropped + Waiting + InFlight.
type Counts struct {
	Counters

	// Waiting requests are due and have not started, InFlight ones have started and have not ended.
	// PeakInFlight is the most requests in flight at once in the last burst.
	Waiting, InFlight, PeakInFlight uint64
	Dropped                         Drops
	Skipped                         Skips
	Cuts                            Cuts
	// Capacity compares the workers of the last burst with the workers it needed, going by its answers.
	// Starved requests of that burst were dropped for want of a worker, or waited for one until their time
	// ran out.
	Capacity load.Capacity
	Starved  uint64
	// FailedInARow counts the requests that failed by the target's doing since the last success. For a
	// target with journeys, it counts journeys.
	FailedInARow uint64
	// LastStart and LastSuccess are zero before the first burst and success. LastRest is zero until
	// maintenance has stopped a burst.
	LastStart, LastSuccess, LastRest time.Time
	DNS                              DNS

	tls probe.TLSInfo // of the last handshake
}

// Distributions are the histograms of one target.
type Distributions struct {
	// ByCode has the durations of requests by code, for success and each code that has occurred. The counter
	// of a code is the count of its histogram. For a target with several requests these are sums over the
	// requests, and a snapshot has them WithSummary only.
	ByCode        map[errcode.Code]*Histogram
	Phases        [errcode.NumPhases]Histogram
	BurstDuration Histogram
	Lags
}

// burstTally counts the ended requests of one burst, and its failures.
type burstTally struct {
	requests uint64
	failures map[errcode.Code]uint64
	cut      bool
}

func (b *burstTally) isSuccess() bool { return b.requests > 0 && len(b.failures) == 0 && !b.cut }

// Recorder counts the events of one target under one lock, so every snapshot is consistent to the unit. It
// outlives changes of the target's configuration.
type Recorder struct {
	bounds  *Bounds
	created time.Time

	// mu guards everything below. It is held for arithmetic only: no engine, file or log is
	// called with it.
	mu     sync.Mutex
	counts Counts
	times  Distributions // without ByCode: each request has its own
	// requests are the requests of the mix, or the steps of the journey, or one request without a name. The
	// counts have their sums.
	requests []*requestTally
	named    bool
	journey  *journeys // nil without one
	// burst counts the burst under way, last the burst before it.
	burst, last burstTally
	peak        uint64         // of requests in flight in the burst under way
	cut         burstCut       // of the burst under way
	arrivals    *load.Arrivals // of the open burst under way, or nil
	answers     answerTime     // of the open burst under way
	// held is how many of its workers wait for a ceiling, heldBy the reason of the latest wait.
	held   int
	heldBy load.DropReason
	// heldUntil is when a worker last began or ended such a wait, 0 before the first. Arrivals that were due
	// before then lacked that worker.
	heldUntil probe.Instant
	slowest   slowest // of the burst under way
	breaker   load.Breaker
	// thinned means that the burst under way has to end because the breaker opened.
	thinned bool
	// behind is how long after its slot the next burst starts, 0 if it is in time.
	behind  time.Duration
	history history // of the last bursts
}

// NewRecorder returns a recorder with the given classic buckets for latencies.
func NewRecorder(b *Bounds) *Recorder {
	r := &Recorder{bounds: b, created: time.Now()}
	r.requests = []*requestTally{newRequestTally("", r.created)}
	r.burst.failures = make(map[errcode.Code]uint64)
	r.last.failures = make(map[errcode.Code]uint64)
	return r
}

// StartBurst notes the start of a burst; a is nil for a closed one.
func (r *Recorder) StartBurst(a *load.Arrivals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peak, r.thinned, r.cut = 0, false, burstCut{}
	r.answers = answerTime{before: r.counts.Dropped.starved()}
	r.counts.LastStart = time.Now()
	if r.arrivals = a; a != nil {
		a.Needs = r.needs(a.Workers)
	}
	r.history.startBurst(r.mark(), r.counts.LastStart)
	for _, t := range r.requests {
		t.startBurst()
	}
	if r.behind > 0 {
		r.times.Lag.observe(lagBounds, r.behind)
		r.behind = 0
	}
}

// EndBurst notes the end of a burst after d. If its plan has arrivals left, it cuts them for reason. A burst
// with such a cut is no success.
func (r *Recorder) EndBurst(d time.Duration, reason load.DropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopOpen(reason)
	r.judgeCapacity()
	r.arrivals = nil
	r.counts.Bursts++
	r.counts.PeakInFlight = r.peak
	r.times.BurstDuration.observe(burstBounds, d)
	r.burst.cut = r.cut.happened
	if r.burst.isSuccess() {
		r.counts.LastSuccess = time.Now()
	}
	r.history.endBurst(r.mark(), r.burst.requests, r.cut, d)
	for _, t := range r.requests {
		t.endBurst(r.counts.LastStart, r.cut.happened)
	}
	r.endExemplars()
	// The two tallies are swapped, so that no burst allocates a map.
	r.burst, r.last = r.last, r.burst
	r.burst.requests, r.burst.cut = 0, false
	clear(r.burst.failures)
}

// Skip counts slots without a burst.
func (r *Recorder) Skip(reason load.SkipReason, slots int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Skipped[reason] += uint64(slots)
}

// Rest counts a slot at which maintenance stops the burst.
func (r *Recorder) Rest(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Skipped[load.SkipMaintenance]++
	r.counts.LastRest = now
}

// Late counts the slots that were missed because the process did not run. behind, if above 0, is how long
// after its own slot the next burst starts.
func (r *Recorder) Late(missed int, behind time.Duration) {
	r.Skip(load.SkipLate, missed)
	if behind > 0 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.behind = behind
	}
}

// Adopt adopts a new configuration of the target, also for the burst under way. timeouts are by request; a
// single one holds for all.
func (r *Recorder) Adopt(b load.Breaker, timeouts ...time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaker.Adopt(b)
	for _, t := range r.requests {
		t.need.Forget()
	}
	if r.arrivals != nil {
		r.arrivals.SetTimeouts(timeouts)
	}
}

// BreakerOpen reports whether bursts are thinned to one request.
func (r *Recorder) BreakerOpen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.breaker.IsOpen()
}

// BreakerState reports whether bursts are thinned, and after how many failures they are.
func (r *Recorder) BreakerState() (open bool, after int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.breaker.IsOpen(), r.breaker.After
}

func (r *Recorder) connected(opened, reused bool) {
	if opened {
		r.counts.Opened++
	}
	if reused {
		r.counts.Reused++
	}
}

// End counts the end of a request from Begin, Claim or Start. The result names the request. End reports
// whether it changed the state of the breaker.
func (r *Recorder) End(res *probe.Result, code errcode.Code) (tripped bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.requests[res.Request]
	r.counts.InFlight--
	t.inFlight--
	r.count(t, res, code)
	// Trouble of the prober's own says nothing about the target: it neither opens nor
	// closes the breaker.
	if code.IsLocal() || !r.breaker.IsThere() {
		return false
	}
	tripped = r.breaker.Note(code.IsFailure(), time.Now())
	if tripped && r.breaker.IsOpen() {
		r.thinned = true
		r.stopOpen(load.DropBreaker)
	}
	return tripped
}

func (r *Recorder) count(t *requestTally, res *probe.Result, code errcode.Code) {
	h := t.histogram(code)
	h.observe(r.bounds, res.Duration())
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if d, ok := res.Phase(p); ok {
			r.times.Phases[p].observe(r.bounds, d)
		}
	}
	switch res.Clock {
	case probe.ByKernel:
		r.times.ReceiveLag.observe(receiveBounds, res.ReceiveLag)
	case probe.ByDefault:
		r.counts.Untimed++
	}
	r.burst.requests++
	if code != errcode.OK {
		t.failures[failureKey{code, res.FailedIn()}]++
		r.burst.failures[code]++
	}
	if r.journey == nil && !code.IsLocal() {
		r.counts.continueRun(code.IsFailure())
	}
	r.learn(t, res, code)
	r.exemplify(h, res, code)
	if r.journey == nil || res.Request == 0 {
		r.history.started(res.Start)
	}
	r.history.request(t.name, res, code)
	t.judge(code, r.counts.LastStart)
	r.transfer(t, res)
}

// continueRun adds a failure to FailedInARow, or sets it to 0.
func (c *Counts) continueRun(failed bool) {
	if failed {
		c.FailedInARow++
	} else {
		c.FailedInARow = 0
	}
}

func (r *Recorder) transfer(t *requestTally, res *probe.Result) {
	r.counts.Sent += uint64(res.Sent)
	r.counts.Received += uint64(res.Received)
	r.counts.Messages += uint64(res.Messages)
	r.connected(res.Opened, res.Reused)
	if res.HTTP != nil {
		r.respond(t, res.HTTP)
	}
	if res.DNS != nil {
		r.answer(res.DNS)
	}
	if res.TLS != nil {
		r.counts.tls = *res.TLS
	}
}

// respond counts the responses to a request over HTTP, and the connections of the responses before the final
// one.
func (r *Recorder) respond(t *requestTally, h *probe.HTTP) {
	if h.Status != 0 {
		t.responses[responseKey{h.Status, h.Version}]++
	}
	for _, hop := range h.Hops {
		t.responses[responseKey{hop.Status, hop.Version}]++
		r.connected(hop.Opened, hop.Reused)
	}
	if h.Resent {
		r.counts.Resent++
		r.connected(h.ResentFrom.Opened, h.ResentFrom.Reused)
	}
}

// AddLags adds the lags of the target to sums.
func (r *Recorder) AddLags(sums *Lags) {
	r.mu.Lock()
	defer r.mu.Unlock()
	sums.Merge(&r.times.Lags)
}

// outcome says how the last burst ended.
func (r *Recorder) outcome() Outcome {
	switch {
	case r.thinned:
		return Broken
	case r.last.cut:
		return Interrupted
	}
	return Complete
}

// LastBurst returns the failures and the number of requests of the last ended burst. A burst with an early
// end and no failure says nothing.
func (r *Recorder) LastBurst() (failures map[errcode.Code]uint64, requests uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last.failures) == 0 && r.last.cut {
		return nil, 0
	}
	return maps.Clone(r.last.failures), r.last.requests
}

package prober

import (
	"maps"
	"sync"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// dropReason says why an arrival was never started.
type dropReason uint8

const (
	// dropTimeout: no worker became free within the request's timeout.
	dropTimeout dropReason = iota
	// dropLate: its time ran out, and the process did not run for a part of it.
	dropLate
	// dropShutdown, dropReload, dropBreaker: the burst was ended before the
	// arrival started.
	dropShutdown
	dropReload
	dropBreaker
	// dropLimitRate, dropLimitInFlight, dropLimitConnections: a ceiling of the
	// process held the request back.
	dropLimitRate
	dropLimitInFlight
	dropLimitConnections

	numDropReasons = iota
)

func (d dropReason) String() string {
	return [numDropReasons]string{
		"timeout", "late", "shutdown", "reload", "breaker", "limit_rate", "limit_in_flight", "limit_connections",
	}[d]
}

// skipReason says why no burst started at a slot.
type skipReason uint8

const (
	// skipOverrun: the burst before was not over.
	skipOverrun skipReason = iota
	// skipLate: the process did not run.
	skipLate
	// skipStuck: all workers hang in the engine.
	skipStuck

	numSkipReasons = iota
)

func (s skipReason) String() string { return [numSkipReasons]string{"overrun", "late", "stuck"}[s] }

// expectedCodes stand at 0 on the counter from a target's start: a counter that
// first appears at 50 has an increase() of 0.
var expectedCodes = [...]errcode.Code{
	errcode.OK, errcode.RequestTimeout, errcode.NoSuchHost,
	errcode.DialTimeout, errcode.Refused, errcode.Reset, errcode.Closed,
	errcode.UnknownAuthority, errcode.HostnameMismatch, errcode.CertExpired,
	errcode.FromStatus(429), errcode.FromStatus(500), errcode.FromStatus(502),
	errcode.FromStatus(503), errcode.FromStatus(504),
}

type (
	failureKey struct {
		code  errcode.Code
		phase errcode.Phase
	}
	responseKey struct {
		status  int
		version probe.Version
	}
)

// tally is everything counted of one target. Its numbers agree with each other:
// scheduled = the counts of all codes + dropped + inFlight.
type tally struct {
	scheduled uint64
	inFlight  uint64
	dropped   [numDropReasons]uint64

	// codes holds the duration of the requests of each code that has occurred, and
	// of success; the counter of a code is the count of its histogram.
	codes     map[errcode.Code]*histogram
	phases    [errcode.NumPhases]histogram
	failures  map[failureKey]uint64
	responses map[responseKey]uint64
	lag       histogram

	sent, received, opened, reused, resent uint64

	bursts           uint64
	skipped          [numSkipReasons]uint64
	cuts             [numDropReasons]cuts // of which cutReasons are used
	cut              burstCut             // of the burst under way
	burstDuration    histogram
	peak, lastPeak   uint64 // of requests in flight: of this burst, of the last
	lastBurstStart   time.Time
	lastBurstSuccess time.Time
	// burst is the count of the burst under way, last that of the one before it.
	burst, last burstTally

	tls         probe.TLSInfo
	breakerOpen bool
}

// burstTally counts the requests of one burst that ended, and its failures.
type burstTally struct {
	requests uint64
	failures map[errcode.Code]uint64
	cut      bool
}

func (b *burstTally) isSuccess() bool { return b.requests > 0 && len(b.failures) == 0 && !b.cut }

// recorder counts what happens to one target, under one lock, so that every
// snapshot is consistent to the unit. It outlives changes of the target's
// configuration.
type recorder struct {
	bounds  *bounds
	created time.Time

	mu sync.Mutex
	tally
	arrivals *arrivals // of the open burst under way, or nil
	// held is how many of its workers wait for a ceiling, heldBy the one that the last
	// of them waits for.
	held    int
	heldBy  dropReason
	slowest slowest // of the burst under way
	breaker breaker
	// thinned tells that the burst under way is to end because the breaker opened.
	thinned bool
	// behind is how long after its slot the next burst starts, 0 if it is in time.
	behind  time.Duration
	history history // of the last bursts
}

func newRecorder(b *bounds) *recorder {
	r := &recorder{bounds: b, created: time.Now()}
	r.codes = map[errcode.Code]*histogram{errcode.OK: {created: r.created}}
	r.failures = make(map[failureKey]uint64)
	r.responses = make(map[responseKey]uint64)
	r.burst.failures = make(map[errcode.Code]uint64)
	r.last.failures = make(map[errcode.Code]uint64)
	return r
}

// startBurst notes the start of a burst; a is nil for a closed one.
func (r *recorder) startBurst(a *arrivals) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peak, r.thinned, r.cut = 0, false, burstCut{}
	r.lastBurstStart = time.Now()
	r.arrivals = a
	r.history.startBurst(&r.tally)
	if r.behind > 0 {
		r.lag.observe(lagBounds, r.behind)
		r.behind = 0
	}
}

// endBurst notes the end of a burst after d. If its plan has not come to its end, the
// reason is the given one. A burst that was cut short is no success.
func (r *recorder) endBurst(d time.Duration, reason dropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopOpen(reason)
	r.arrivals = nil
	r.bursts++
	r.lastPeak = r.peak
	r.burstDuration.observe(burstBounds, d)
	r.burst.cut = r.cut.happened
	if r.burst.isSuccess() {
		r.lastBurstSuccess = time.Now()
	}
	r.history.endBurst(&r.tally, d)
	r.endExemplars()
	r.burst, r.last = r.last, r.burst
	r.burst.requests, r.burst.cut = 0, false
	clear(r.burst.failures)
}

// skip counts slots at which no burst was started.
func (r *recorder) skip(reason skipReason, slots int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped[reason] += uint64(slots)
}

// late counts the slots that were missed because the process did not run, and notes
// how long after its own slot the next burst starts. What is less than a freeze is
// left to the requests: those of an open burst have due times of their own.
func (r *recorder) late(missed int, behind time.Duration) {
	r.skip(skipLate, missed)
	if missed > 0 || behind > frozenAfter {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.behind = behind
	}
}

// begin counts a request of a closed burst, which starts when it is due. It
// returns false, and counts nothing, when the breaker has ended the burst.
func (r *recorder) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.thinned {
		return false
	}
	r.schedule(1)
	return true
}

// claim takes the next arrival of the open burst if one is due at now. Otherwise
// it returns when the next one will be due, or that none is left. free is since
// when the asking worker had nothing to do: what passed after that and after the
// due time is the prober's own lateness.
func (r *recorder) claim(now, free probe.Instant) (due probe.Instant, state claimState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(now)
	if r.thinned {
		return 0, exhausted
	}
	due, state = r.arrivals.claim()
	if state == claimed {
		r.lag.observe(lagBounds, r.arrivals.lag(now, due, free))
	}
	return due, state
}

func (r *recorder) connected(opened, reused bool) {
	if opened {
		r.opened++
	}
	if reused {
		r.reused++
	}
}

// holdBack drops a request that was begun or claimed and could not start.
func (r *recorder) holdBack(reason dropReason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(1, reason)
}

// hold notes how many workers more, or less, wait for the ceiling that reason stands
// for. Arrivals whose time runs out meanwhile for want of a worker are held back by it
// too.
func (r *recorder) hold(reason dropReason, workers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(probe.Now())
	r.held += workers
	r.heldBy = reason
}

// end counts a request that was begun or claimed. It tells whether the breaker
// changed its state with it.
func (r *recorder) end(res *probe.Result, code errcode.Code) (tripped bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inFlight--
	r.count(res, code)
	if code.IsLocal() || r.breaker.cfg == nil {
		return false
	}
	tripped = r.breaker.note(code.IsFailure(), time.Now())
	if tripped && r.breaker.open() {
		r.thinned = true
		r.stopOpen(dropBreaker)
	}
	return tripped
}

func (r *recorder) count(res *probe.Result, code errcode.Code) {
	h := r.codes[code]
	if h == nil {
		h = &histogram{}
		r.codes[code] = h
	}
	h.observe(r.bounds, res.Duration())
	for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
		if d, ok := res.Phase(p); ok {
			r.phases[p].observe(r.bounds, d)
		}
	}
	r.burst.requests++
	if code != errcode.OK {
		r.failures[failureKey{code, res.FailedIn()}]++
		r.burst.failures[code]++
	}
	r.exemplify(res, code)
	r.history.request(res, code)
	r.transfer(res)
}

func (r *recorder) transfer(res *probe.Result) {
	r.sent += uint64(res.Sent)
	r.received += uint64(res.Received)
	r.connected(res.Opened, res.Reused)
	if res.HTTP != nil {
		r.respond(res.HTTP)
	}
	if res.TLS != nil {
		r.tls = *res.TLS
	}
}

// respond counts the responses to a request over HTTP, and the connections on which those
// before the final one came.
func (r *recorder) respond(h *probe.HTTP) {
	if h.Status != 0 {
		r.responses[responseKey{h.Status, h.Version}]++
	}
	for _, hop := range h.Hops {
		r.responses[responseKey{hop.Status, hop.Version}]++
		r.connected(hop.Opened, hop.Reused)
	}
	if h.Resent {
		r.resent++
		r.connected(h.ResentFrom.Opened, h.ResentFrom.Reused)
	}
}

// snapshot returns a copy of all numbers as they are at one moment.
func (r *recorder) snapshot() *tally {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.advance(probe.Now())
	c := r.clone()
	c.breakerOpen = r.breaker.open()
	return c
}

// advance brings the counts of an open burst up to now: an arrival is scheduled
// when it is due, whether or not a worker is there to take it, and dropped when
// its time has run out. That is arithmetic, so nothing has to be queued.
func (r *recorder) advance(now probe.Instant) {
	if r.arrivals == nil {
		return
	}
	due, expired, late := r.arrivals.advance(now)
	r.schedule(due)
	reason := dropTimeout
	if r.held > 0 {
		reason = r.heldBy
	}
	r.drop(expired, reason)
	r.drop(late, dropLate)
}

func (r *recorder) schedule(n uint64) {
	r.scheduled += n
	r.inFlight += n
	r.peak = max(r.peak, r.inFlight)
}

func (r *recorder) drop(n uint64, reason dropReason) {
	r.inFlight -= n
	r.dropped[reason] += n
}

func (t *tally) clone() *tally {
	c := *t
	c.codes = make(map[errcode.Code]*histogram, len(t.codes))
	for code, h := range t.codes {
		copied := h.clone()
		c.codes[code] = &copied
	}
	c.failures = maps.Clone(t.failures)
	c.responses = maps.Clone(t.responses)
	c.last.failures = maps.Clone(t.last.failures)
	c.burst.failures = nil // it goes on counting
	for p := range c.phases {
		c.phases[p] = t.phases[p].clone()
	}
	c.lag = t.lag.clone()
	c.burstDuration = t.burstDuration.clone()
	return &c
}

// lastBurst returns the failures and the number of requests of the last burst
// that ended. One that was cut short without a failure says nothing.
func (r *recorder) lastBurst() (failures map[errcode.Code]uint64, requests uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.last.failures) == 0 && r.last.cut {
		return nil, 0
	}
	return maps.Clone(r.last.failures), r.last.requests
}

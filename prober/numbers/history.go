package numbers

import (
	"cmp"
	"math"
	"slices"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// Bounds of the history of a target, for the status page and the API. A target without
// failures takes 8 KiB after keptBursts bursts. keptKinds kinds of failures in each of
// them take 3 KiB more, and the last failures another 4 KiB. All of it is allocated when
// needed.
const (
	keptBursts   = 48
	keptFailures = 16
	keptKinds    = 8 // of failures within one burst
)

// lateAfter bounds the mean lag of a burst's requests. Above it, the prober itself does not
// keep up. Timers alone wake up to about a millisecond late, so the bound is well above
// that.
const lateAfter = 10 * time.Millisecond

// history keeps the numbers of a target's last bursts, and its last failures. Its owner's
// lock covers it.
type history struct {
	bursts []pastBurst // a ring from keptBursts on
	ended  int         // how many bursts there were
	live   *liveBurst  // kept from burst to burst
	last   failures
	// failingSince is the start of the first burst in the present run of bursts with
	// failures; troubledSince is the same for trouble of the prober's own. They are zero
	// if the last burst had none.
	failingSince, troubledSince time.Time
	// lastFailing is the last run of failures that has ended.
	lastFailing Span
}

// pastBurst is one burst that ended. Times are seconds: a float32 is exact enough for a
// chart.
type pastBurst struct {
	start              int64 // milliseconds since the Unix epoch
	duration, max, lag float32
	phases             [errcode.NumPhases - 1]float32 // mean of a request; without PhaseNone
	p50, p95, p99      quantile
	cutBy              uint8 // the reason for its early end, counted from 1; 0 without one
	// own requests had trouble of the prober's own; failed requests failed otherwise.
	// held counts the dropped requests that were held back for want of a worker, by a
	// ceiling, or because the process did not run. late counts the ones with the last
	// reason.
	requests, failed, own, dropped, held, late, opened, reused uint32
	cut                                                        uint32           // requests that were never due
	kinds                                                      *[keptKinds]kind // the commonest failures; nil without any
	latency                                                    [LatencyRows]uint8
}

// kind counts the failures of one burst with the same code in the same phase.
type kind struct {
	count uint32
	code  errcode.Code
	phase errcode.Phase
}

// liveKind is a kind of the burst under way.
type liveKind struct {
	kind
	// sample stays valid until the burst after this one has a failure: a burst adds at most
	// keptKinds failures, and the ring has room for twice as many.
	sample  int8 // the index of its first failure in the ring of failures
	several bool // more than one of the target's requests failed so
}

// liveBurst is the burst under way.
type liveBurst struct {
	start       time.Time
	before      mark
	starts      starts
	latency     latencies
	failed, own uint32
	kinds       [keptKinds]liveKind
	used        int8 // of kinds
	// last and lastUsed are the kinds of the last burst that ended, the commonest first.
	last     [keptKinds]liveKind
	lastUsed int8
}

// mark is the state of a target's counters at a moment.
type mark struct {
	phases         [errcode.NumPhases]totalTime
	lag            totalTime
	fired          uint64 // whose lag is known
	opened, reused uint64
	dropped, held  uint64
	late           uint64
}

func (r *Recorder) mark() mark {
	m := mark{
		lag: r.times.Lag.sum, fired: r.times.Lag.count, opened: r.counts.Opened, reused: r.counts.Reused,
		dropped: r.counts.Dropped.Total(), held: r.counts.Dropped.Held(), late: r.counts.Dropped[load.DropLate],
	}
	for p := range r.times.Phases {
		m.phases[p] = r.times.Phases[p].sum
	}
	return m
}

// startBurst notes the start of a burst; before is the state of the counters then.
func (h *history) startBurst(before mark, start time.Time) {
	if h.live == nil {
		h.live = new(liveBurst)
	}
	*h.live = liveBurst{start: start, before: before, last: h.live.last, lastUsed: h.live.lastUsed}
}

// request notes a request that ended. It runs for every request, so a success costs one
// bucket, and a failure allocates only if it is the first of its kind.
func (h *history) request(name string, res *probe.Result, code errcode.Code) {
	live := h.live
	if live == nil {
		return // counted outside of any burst, as some tests do
	}
	live.latency.observe(res.Duration())
	if code != errcode.OK {
		h.failure(name, res, code)
	}
}

// started notes the start of a request that ended, or of the first request of a journey.
func (h *history) started(at probe.Instant) {
	if h.live != nil {
		h.live.starts.note(at)
	}
}

func (h *history) failure(name string, res *probe.Result, code errcode.Code) {
	live := h.live
	if code.IsOwn() {
		increase(&live.own)
	} else {
		increase(&live.failed)
		extend(&h.failingSince, live.start, true) // not only when a long burst has ended
	}
	phase := res.FailedIn()
	for i := range live.used {
		if k := &live.kinds[i]; k.code == code && k.phase == phase {
			increase(&k.count)
			increase(&h.last.ring[k.sample].count)
			k.several = k.several || h.last.ring[k.sample].request.Value() != name
			return
		}
	}
	if live.used == keptKinds {
		return // it is counted among all
	}
	live.kinds[live.used] = liveKind{kind: kind{1, code, phase}, sample: h.last.add(name, res, code, phase)}
	live.used++
}

// endBurst notes the end of the burst under way after d. now is the state of the
// counters, and requests is how many requests of the burst have ended.
func (h *history) endBurst(now mark, requests uint64, cut burstCut, d time.Duration) {
	live := h.live
	if live == nil {
		return
	}
	b := h.next()
	// The oldest burst gives its space to the newest.
	kinds := b.kinds
	*b = pastBurst{
		start:    live.start.UnixMilli(),
		duration: seconds(d),
		requests: clip(requests),
		failed:   live.failed,
		own:      live.own,
	}
	if cut.happened {
		b.cutBy, b.cut = uint8(cut.reason)+1, clip(cut.requests)
	}
	b.measure(live)
	b.compare(&live.before, now, requests)
	b.keep(live.kinds[:live.used], kinds)
	live.last, live.lastUsed = live.kinds, live.used
	h.judge(b, live.start)
}

// next returns the record for an ended burst: a new one, or the oldest.
func (h *history) next() *pastBurst {
	i := h.ended % keptBursts
	h.ended++
	if i < len(h.bursts) {
		return &h.bursts[i]
	}
	if len(h.bursts) == cap(h.bursts) {
		grown := make([]pastBurst, len(h.bursts), min(max(4, 2*len(h.bursts)), keptBursts))
		copy(grown, h.bursts)
		h.bursts = grown
	}
	h.bursts = append(h.bursts, pastBurst{})
	return &h.bursts[i]
}

// measure sets the latencies.
func (b *pastBurst) measure(live *liveBurst) {
	l := &live.latency
	b.p50, b.p95, b.p99 = l.quantile(0.5), l.quantile(0.95), l.quantile(0.99)
	b.max = seconds(l.longest)
	b.latency = l.rows()
}

// compare sets the differences of the counters since before.
func (b *pastBurst) compare(before *mark, now mark, requests uint64) {
	for i := range b.phases {
		b.phases[i] = mean(now.phases[i+1].since(before.phases[i+1]), requests)
	}
	b.lag = mean(now.lag.since(before.lag), now.fired-before.fired)
	b.dropped, b.held, b.late = clip(now.dropped-before.dropped), clip(now.held-before.held), clip(now.late-before.late)
	b.opened, b.reused = clip(now.opened-before.opened), clip(now.reused-before.reused)
}

// keep copies the kinds of failures, the commonest first, into room. If room is nil, it
// allocates.
func (b *pastBurst) keep(kinds []liveKind, room *[keptKinds]kind) {
	if len(kinds) == 0 {
		return
	}
	if room == nil {
		room = new([keptKinds]kind)
	}
	slices.SortStableFunc(kinds, byCount)
	clear(room[:])
	for i := range kinds {
		room[i] = kinds[i].kind
	}
	b.kinds = room
}

func byCount(a, b liveKind) int { return cmp.Compare(b.count, a.count) }

// sendRate returns how many requests or journeys of the last burst started per second; 0
// if there is no rate.
func (h *history) sendRate() float64 {
	if h.live == nil {
		return 0
	}
	return h.live.starts.rate()
}

// judge notes since when bursts fail. A burst without a request that reached the target
// says nothing about the target, and an early end is no success.
func (h *history) judge(b *pastBurst, start time.Time) {
	if b.requests > b.own && (b.failed > 0 || b.cutBy == 0) {
		if b.failed == 0 && !h.failingSince.IsZero() {
			h.lastFailing = Span{h.failingSince, start}
		}
		extend(&h.failingSince, start, b.failed > 0)
	}
	if b.requests+b.dropped > 0 {
		extend(&h.troubledSince, start, b.own > 0 || b.held > 0 || b.isLate())
	}
}

func (b *pastBurst) isLate() bool { return b.lag > seconds(lateAfter) }

// extend continues a run of bursts that began at since, begins a run, or ends it.
func extend(since *time.Time, start time.Time, goesOn bool) {
	switch {
	case !goesOn:
		*since = time.Time{}
	case since.IsZero():
		*since = start
	}
}

func seconds(d time.Duration) float32 { return float32(d.Seconds()) }

func mean(sum totalTime, n uint64) float32 {
	if n == 0 {
		return 0
	}
	return float32(sum.seconds() / float64(n))
}

// increase adds one unless n is at its maximum: a count never wraps around.
func increase(n *uint32) {
	if *n < math.MaxUint32 {
		*n++
	}
}

func clip(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }

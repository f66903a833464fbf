// Package probe has the common parts of the engines, the load and the numbers: the clock, the
// result of a request, the interface of an engine, the ceiling of connections, and the pool of
// connections that carry one request at a time. It knows no protocol except for the HTTP part
// of a result.
package probe

import (
	"errors"
	"net/netip"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/template"
)

// Result is the result of one request. A worker owns one and uses it again for every request,
// so the steady state allocates nothing.
type Result struct {
	// Due is when the request should have started; latency counts from here.
	Due Instant
	// Deadline is when the request's time runs out.
	Deadline Instant
	// Values are the values of the names in the request. Reset keeps them: values from an
	// answer are for later steps.
	Values template.Values
	// Taken is when a worker took the request and the ceilings let it start.
	Taken Instant
	// Start is when a worker began to serve the request, or its last redirect; [Engine.Do]
	// reads the clock if Start is not known yet.
	Start Instant
	// End is when the last byte arrived, by Clock, or the failure was known.
	End Instant
	// Clock is the clock that took the end of the answer. If it is not the program's,
	// ReceiveLag is how much later the program had read the last byte.
	Clock      Clock
	ReceiveLag time.Duration

	// Request is an index in the target's mix, or the step of its journey.
	Request int
	// HTTP is the part about HTTP; nil for other protocols.
	HTTP *HTTP
	// DNS is the part about a DNS answer; nil for other protocols.
	DNS *DNS
	// Sent and Received count bytes above TLS.
	Sent     int64
	Received int64
	// Messages counts complete messages of a gRPC answer.
	Messages int
	// Opened and Reused say where the connection came from. Both are false if none could be
	// made.
	Opened bool
	Reused bool
	// Remote is the last dialled address, the zero value without one.
	Remote netip.AddrPort
	// TLS is set when a handshake showed a certificate during this request, whatever the
	// verdict on it. After redirects, its dates are the earliest of all servers on the way, as
	// the servers last showed them. The rest describes the first of these servers.
	TLS *TLSInfo
	// Err is the failure of the exchange: an [errcode.PhaseError] or nil.
	Err error
	// Unmet is the expectation that the answer does not meet; whoever judges the answer notes
	// it.
	Unmet error
	// Scratch is space that the engine keeps with the Result from one request to the next, so
	// the steady state allocates nothing. It belongs to the engine that served the last
	// request: another engine replaces it.
	Scratch any
	// Trace records the course of the request, and Answer records the answer; nil if nobody
	// wants to see them. Reset keeps both.
	Trace  *Trace
	Answer *Answer

	phases  [errcode.NumPhases]time.Duration
	seen    [errcode.NumPhases]bool
	phase   errcode.Phase
	since   Instant
	before  errcode.Phase // the phase before phase
	earlier Instant       // when before began
	sending Instant       // when the request last began to be sent
	secrets Secrets       // of the sent data
}

// Secrets are the secrets in a request.
type Secrets interface {
	// Secrets returns the secrets in lower case. It returns false if they are too many to look
	// for. Then no data of the peer may be shown.
	Secrets() (secrets []string, ok bool)
	// Private returns what a trace must not show of the request and of its answer.
	Private() Private
}

// TLSInfo is the result of a handshake and the certificates' dates.
type TLSInfo struct {
	// Version and Cipher are crypto/tls numbers, ALPN the protocol agreed on.
	Version uint16
	Cipher  uint16
	ALPN    string
	// Resumed means that the session of an earlier connection was resumed.
	Resumed bool
	// Unverified means that the certificate was accepted unchecked, as InsecureSkipVerify
	// demands.
	Unverified bool
	// LeafNotAfter and EarliestNotAfter are the ends of validity of the server's own
	// certificate and of the certificate in its chain that ends first.
	LeafNotAfter     time.Time
	EarliestNotAfter time.Time
}

// Reset prepares r for a request that is due at due and must end by deadline.
func (r *Result) Reset(due, deadline Instant) {
	*r = Result{Due: due, Deadline: deadline, Scratch: r.Scratch, Values: r.Values, Trace: r.Trace, Answer: r.Answer}
	r.Answer.Reset()
}

// Duration is the latency of the request: from its due time to its end.
func (r *Result) Duration() time.Duration { return r.End.Sub(r.Due) }

// clockSlack is how long before its deadline a request may seem to end when it ran out of
// time: the timers of the system are not those of the process.
const clockSlack = time.Millisecond

// RanOut reports whether the request ended when its time was over.
func (r *Result) RanOut() bool { return r.Deadline.Sub(r.End) <= clockSlack }

// Phase returns the time spent in p, and whether the request was in it at all.
// The times of all phases add up to Duration.
func (r *Result) Phase(p errcode.Phase) (time.Duration, bool) {
	return r.phases[p], r.seen[p]
}

// FailedIn returns the phase in which the request failed, PhaseNone if it did not.
func (r *Result) FailedIn() errcode.Phase {
	if failure, ok := errors.AsType[*errcode.PhaseError](r.Err); ok {
		return failure.Phase
	}
	return errcode.PhaseNone
}

// Begin starts the request's clock: the time since it was due is queueing.
func (r *Result) Begin() {
	if r.Start == 0 {
		r.Start = Now()
	}
	r.phase, r.since = errcode.PhaseQueue, r.Due
	r.seen[errcode.PhaseQueue] = true
}

// Guard has secrets struck out of all texts about the failure of the request. It calls secrets
// only then.
func (r *Result) Guard(secrets Secrets) { r.secrets = secrets }

// Current returns the current phase of the request.
func (r *Result) Current() errcode.Phase { return r.phase }

// Since returns when the current phase began.
func (r *Result) Since() Instant { return r.since }

// Enter ends the current phase and begins p, both at the same moment.
func (r *Result) Enter(p errcode.Phase) { r.EnterAt(p, Now()) }

// EnterAt is Enter for a known moment. The moment must not be before Since.
func (r *Result) EnterAt(p errcode.Phase, now Instant) {
	r.phases[r.phase] += now.Sub(r.since)
	r.before, r.earlier = r.phase, r.since
	r.phase, r.since = p, now
	r.seen[p] = true
	if p == errcode.PhaseSend {
		r.sending, r.Clock, r.ReceiveLag = now, ByProgram, 0
	}
}

// Pass notes that the request was in p, for no time unless it enters p.
func (r *Result) Pass(p errcode.Phase) { r.seen[p] = true }

// Finish ends the last phase, and with it the request, at now.
func (r *Result) Finish(now Instant) {
	r.phases[r.phase] += now.Sub(r.since)
	r.since, r.End = now, now
}

// Fail ends the request with a failure in the current phase, and notes the phase in err.
func (r *Result) Fail(err *errcode.PhaseError) {
	r.Conceal(err.Err)
	err.Phase = r.phase
	err.Reused = r.Reused
	r.Err = err
	r.Clock, r.ReceiveLag = ByProgram, 0
	r.Finish(Now())
}

// Interrupt ends the request with a failure that the engine has not noted itself: the time of
// the request is over, or the engine has panicked.
func (r *Result) Interrupt(err error) {
	if r.End != 0 {
		r.Reject(err)
		return
	}
	if !r.seen[errcode.PhaseQueue] {
		r.Begin()
	}
	r.Fail(&errcode.PhaseError{Err: err})
}

// Refuse ends the request with the failure of the connection it was waiting for, not with one
// of its own.
func (r *Result) Refuse(err errcode.PhaseError) {
	r.Err = &err
	r.Finish(Now())
}

// Reject makes a failure of a fully received answer, in the phase of its receipt. The end time
// is already set.
func (r *Result) Reject(err error) {
	r.Conceal(err)
	r.Err = &errcode.PhaseError{Phase: r.phase, Reused: r.Reused, Err: err}
}

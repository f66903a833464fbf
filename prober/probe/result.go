// Package probe has what the engines, the load and the numbers share: the clock, the
// result of a request, what an engine does, the ceiling of connections, and the pool of those
// that carry one request at a time. It knows of
// no protocol but for the part of a result that is HTTP's.
package probe

import (
	"errors"
	"net/netip"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/template"
)

// Result is what one request came to. A worker owns one and uses it again for
// every request, so that the steady state allocates nothing.
type Result struct {
	// Due is when the request should have started; latency counts from here.
	Due Instant
	// Deadline is when the request's time runs out.
	Deadline Instant
	// Values are what the names in the request stand for. Reset keeps them: those that an
	// answer has set are for the steps after it.
	Values template.Values
	// Taken is when a worker took the request and the ceilings let it start.
	Taken Instant
	// Start is when a worker began to serve the request, or the last redirect of it;
	// [Engine.Do] reads the clock if it is not known yet.
	Start Instant
	// End is when the last byte arrived, by Clock, or the failure was known.
	End Instant
	// Clock is that by which the end of the answer was taken, and ReceiveLag, unless it is
	// the program's, how much later the program had read the last byte.
	Clock      Clock
	ReceiveLag time.Duration

	// Request is which of the target's requests it is: an index in its mix, or the step of its
	// journey.
	Request int
	// HTTP is what there is to say of HTTP; nil where an engine speaks something else.
	HTTP *HTTP
	// DNS is what there is to say of a DNS answer; nil where an engine asks for none.
	DNS *DNS
	// Sent and Received count bytes above TLS.
	Sent     int64
	Received int64
	// Messages counts those of a gRPC answer that came whole.
	Messages int
	// Opened and Reused tell where the connection came from. Both are false
	// when none could be made.
	Opened bool
	Reused bool
	// Remote is the address that was dialled last, the zero value without one.
	Remote netip.AddrPort
	// TLS is set when a handshake showed a certificate during this request,
	// whatever the verdict on it. Where redirects were followed, its dates are those
	// that end first of all servers on the way, as these showed them last, and the rest
	// is of the first of them.
	TLS *TLSInfo
	// Err is why the exchange did not end well: an [errcode.PhaseError] or nil.
	Err error
	// Unmet is the expectation that the answer does not meet; whoever judges it notes it.
	Unmet error
	// Scratch is what the engine keeps with the Result from one request to the next, so
	// that the steady state allocates nothing. It belongs to the engine that served the
	// last request: another one replaces it.
	Scratch any
	// Trace takes down what becomes of the request, and Answer takes the answer in: nil where
	// nobody wants to see these. Reset keeps them.
	Trace  *Trace
	Answer *Answer

	phases  [errcode.NumPhases]time.Duration
	seen    [errcode.NumPhases]bool
	phase   errcode.Phase
	since   Instant
	before  errcode.Phase // the phase before it
	earlier Instant       // when that began
	sending Instant       // when the request last began to be sent
	secrets Secrets       // of what was sent
}

// Secrets are what a request was sent in confidence.
type Secrets interface {
	// Secrets returns them in lower case. It returns false where they are too many to
	// look for, so that nothing of what the peer sent may be shown.
	Secrets() (secrets []string, ok bool)
	// Private returns what a trace must not show of the request, and of its answer.
	Private() Private
}

// TLSInfo is what a handshake negotiated and the certificates' dates.
type TLSInfo struct {
	// Version and Cipher are crypto/tls numbers, ALPN the protocol agreed on.
	Version uint16
	Cipher  uint16
	ALPN    string
	// Resumed tells that the session of an earlier connection was resumed.
	Resumed bool
	// Unverified tells that the certificate was accepted whatever it says, as
	// InsecureSkipVerify demands.
	Unverified bool
	// LeafNotAfter and EarliestNotAfter are the ends of validity of the server's
	// own certificate and of the one in its chain that ends first.
	LeafNotAfter     time.Time
	EarliestNotAfter time.Time
}

// Reset prepares r for a request that is due at due and must end by deadline.
func (r *Result) Reset(due, deadline Instant) {
	*r = Result{Due: due, Deadline: deadline, Scratch: r.Scratch, Values: r.Values, Trace: r.Trace, Answer: r.Answer}
	r.Answer.Reset()
}

// Duration is the latency of the request: from when it was due to its end.
func (r *Result) Duration() time.Duration { return r.End.Sub(r.Due) }

// clockSlack is how long before its deadline a request may seem to end that ran out of
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

// Begin starts the request's clock: what has passed since it was due is queueing.
func (r *Result) Begin() {
	if r.Start == 0 {
		r.Start = Now()
	}
	r.phase, r.since = errcode.PhaseQueue, r.Due
	r.seen[errcode.PhaseQueue] = true
}

// Guard has secrets struck out of whatever is told of the failure of the request. They
// are asked for only then.
func (r *Result) Guard(secrets Secrets) { r.secrets = secrets }

// Current returns the phase that the request is in.
func (r *Result) Current() errcode.Phase { return r.phase }

// Since returns when the current phase began.
func (r *Result) Since() Instant { return r.since }

// Enter ends the current phase and begins p, both at the same moment.
func (r *Result) Enter(p errcode.Phase) { r.EnterAt(p, Now()) }

// EnterAt is Enter for a moment that the caller knows. It must not be before Since.
func (r *Result) EnterAt(p errcode.Phase, now Instant) {
	r.phases[r.phase] += now.Sub(r.since)
	r.before, r.earlier = r.phase, r.since
	r.phase, r.since = p, now
	r.seen[p] = true
	if p == errcode.PhaseSend {
		r.sending, r.Clock, r.ReceiveLag = now, ByProgram, 0
	}
}

// Pass notes that the request was in p, for no time unless it enters it.
func (r *Result) Pass(p errcode.Phase) { r.seen[p] = true }

// Finish ends the last phase, and with it the request, at now.
func (r *Result) Finish(now Instant) {
	r.phases[r.phase] += now.Sub(r.since)
	r.since, r.End = now, now
}

// Fail ends the request with a failure in the current phase, which it notes in err.
func (r *Result) Fail(err *errcode.PhaseError) {
	r.Conceal(err.Err)
	err.Phase = r.phase
	err.Reused = r.Reused
	r.Err = err
	r.Clock, r.ReceiveLag = ByProgram, 0
	r.Finish(Now())
}

// Interrupt ends the request with a failure that the engine has not noted itself: its time
// is over, or it has panicked.
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

// Refuse ends the request with a failure that it did not meet itself: that of
// the connection it was waiting for.
func (r *Result) Refuse(err errcode.PhaseError) {
	r.Err = &err
	r.Finish(Now())
}

// Reject makes a failure of what was received well, in the phase in which that
// was. The time has been taken already.
func (r *Result) Reject(err error) {
	r.Conceal(err)
	r.Err = &errcode.PhaseError{Phase: r.phase, Reused: r.Reused, Err: err}
}

package errcode

// Phase is the part of a request in which it spends time or fails.
type Phase uint8

// The phases of one request in the order of time.
const (
	// PhaseNone stands for a failure outside any phase.
	PhaseNone Phase = iota
	// PhaseQueue lasts from the moment the request was due until it started.
	PhaseQueue
	// PhaseResolve is the look-up of the host name.
	PhaseResolve
	// PhaseConnect is the establishment of the TCP connection.
	PhaseConnect
	// PhaseTLS is the TLS handshake.
	PhaseTLS
	// PhaseSend lasts from the first to the last byte of the request.
	PhaseSend
	// PhaseProcessing lasts from the last byte sent to the first byte received.
	PhaseProcessing
	// PhaseTransfer lasts from the first to the last byte of the response.
	PhaseTransfer

	// NumPhases is the number of values of [Phase], PhaseNone included.
	NumPhases = iota
)

var phaseNames = [NumPhases]string{
	"none", "queue", "resolve", "connect", "tls", "send", "processing", "transfer",
}

// String returns the phase as in the label phase.
func (p Phase) String() string {
	if int(p) < len(phaseNames) {
		return phaseNames[p]
	}
	return phaseNames[PhaseNone]
}

// PhaseError is a failure together with its place. The same cause means different things
// in different phases: a deadline while connecting is [DialTimeout], while waiting for
// the answer [RequestTimeout]; an end of stream is [Closed], [ClosedInHeaders],
// [ClosedReused] or [Truncated]. Users of net/http learn the place from
// [net/http/httptrace].
type PhaseError struct {
	// Phase is the phase of the failure.
	Phase Phase
	// Reused is set if the connection had carried an exchange before.
	Reused bool
	// InHeader is set if a part of the response header, but not all, had been received.
	InHeader bool
	// Err is the cause; never nil.
	Err error
}

func (e *PhaseError) Error() string { return e.Phase.String() + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *PhaseError) Unwrap() error { return e.Err }

// Error is a failure with a code known at its place, such as a broken rule of a protocol.
// [FromError] takes its code as it is.
type Error struct {
	Code Code
	// Text says what was wrong. It quotes the peer's bytes, and cuts them.
	Text string
	// Err is the cause, or nil.
	Err error
}

// New returns an error with the given code and text.
func New(code Code, text string) *Error { return &Error{Code: code, Text: text} }

// Wrap returns an error with the given code, text and cause.
func Wrap(code Code, text string, cause error) *Error {
	return &Error{Code: code, Text: text, Err: cause}
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns the cause, or nil.
func (e *Error) Unwrap() error { return e.Err }

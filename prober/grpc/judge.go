package grpc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/protoset"
)

// Expectation says which answers make their calls successes. The zero value demands the
// status OK and, from the health service, SERVING.
type Expectation struct {
	// Status lists the statuses that are a success; empty means OK alone.
	Status []option.GRPCStatus
	// Message has the values that must stand at places of the first message, in the form of
	// [protoset.Method.Expect]. It replaces the check for SERVING of the health service.
	Message map[string]any
	// MaxLatency is the longest time from when a call was due until its answer had ended; 0
	// means no limit.
	MaxLatency time.Duration
}

// judge decides the results of answers.
type judge struct {
	status     [option.GRPCStatuses]bool // the statuses of success
	maxMessage int64
	maxLatency time.Duration
	// single means that the method answers with one message.
	single bool
	// looks means that the first message is checked.
	looks   bool
	health  bool
	message *protoset.Expectation
	// take, unless nil, gets the first message.
	take func(msg []byte)
	// last is a short message that met the expectation: most answers are the same, and to
	// compare bytes takes less than to decode them. Any worker may replace it.
	last atomic.Pointer[[]byte]
}

func newJudge(cfg *Config, method *protoset.Method) (*judge, error) {
	j := &judge{maxMessage: cfg.MaxMessageBytes, maxLatency: cfg.Expect.MaxLatency}
	j.status[0] = len(cfg.Expect.Status) == 0
	for _, status := range cfg.Expect.Status {
		j.status[status] = true
	}
	if method != nil {
		j.single = !method.Streams()
	}
	if len(cfg.Expect.Message) > 0 {
		var err error
		if j.message, err = method.Expect(cfg.Expect.Message); err != nil {
			return nil, fmt.Errorf("expect.message: %w", err)
		}
	}
	j.health = cfg.Service == protoset.HealthService && j.message == nil
	j.looks = j.health || j.message != nil
	return j, nil
}

// settle judges the answer of r after its end, and after its time was measured.
func (j *judge) settle(r *probe.Result, s *scratch) {
	// The space of long messages is shared by all calls, so it is given back at once.
	defer s.kept.Reset()
	r.Messages = s.answer.messages
	if r.Err == nil {
		j.judge(r, s)
	}
	if r.RanOut() && isOverdue(j.verdict(r)) {
		r.Reject(errOverdue)
	}
	r.Conceal(r.Unmet)
}

// errOverdue is for a call that others ended because its time was over; grpc-timeout tells
// them. Chance decides whether they or the prober end it, so the difference has no meaning.
var errOverdue = errcode.Wrap(errcode.RequestTimeout, "the server ended the call because the time of grpc-timeout was over", os.ErrDeadlineExceeded)

// isOverdue reports whether servers and proxies end calls without time left with this code.
func isOverdue(code errcode.Code) bool {
	switch code {
	case errcode.GRPCCancelled, errcode.GRPCDeadline, errcode.GRPCUnavailable, 1502, 1503, 1504:
		return true
	}
	return code > errcode.Stream && code < errcode.Connection
}

// judge handles a complete answer.
func (j *judge) judge(r *probe.Result, s *scratch) {
	a := &s.answer
	switch {
	case !a.isGRPC || a.http != 200 && a.statuses == 0:
		j.foreign(r, s)
	// A server may end a call with an error in the middle of a message. That error says
	// more than the torn message.
	case a.isTorn() && (a.statuses != 1 || a.status == 0):
		r.Reject(errcode.New(errcode.GRPCFraming, "the answer ended within a message"))
	case a.statuses == 0:
		r.Unmet, s.code = errNoStatus, errcode.GRPCNoStatus
	case a.statuses > 1:
		r.Unmet, s.code = errTwoStatuses, errcode.GRPC
	default:
		j.judgeStatus(r, s)
	}
}

var (
	errNoStatus    = errors.New("the answer is complete, but has no grpc-status")
	errNoNumber    = errors.New("the grpc-status is not a number, but")
	errTwoStatuses = errors.New("the answer has grpc-status twice")
	errNoMessage   = errcode.New(errcode.GRPCFraming, "the status is OK, but the answer has no message")
)

// foreign handles an answer that does not come from a gRPC service.
func (j *judge) foreign(r *probe.Result, s *scratch) {
	a := &s.answer
	text := "the answer is not gRPC: its status is " + strconv.Itoa(a.http)
	s.code = errcode.GRPCContentType
	if a.http >= 400 {
		s.code = errcode.FromStatus(a.http)
	}
	switch {
	case a.isGRPC:
		r.Unmet = errors.New(text + ", without grpc-status")
		if s.code == errcode.GRPCContentType {
			s.code = errcode.GRPCNoStatus
		}
	case len(a.foreign) == 0:
		r.Unmet = errors.New(text + ", without content-type")
	default:
		r.Unmet = probe.NewExcerpt(errors.New(text+", its content-type"), a.foreign)
	}
}

// judgeStatus handles an answer with one status.
func (j *judge) judgeStatus(r *probe.Result, s *scratch) {
	a := &s.answer
	switch isStatus := a.status >= 0 && a.status < int64(len(j.status)); {
	case isStatus && j.status[a.status] && a.status != 0:
	case isStatus && j.status[a.status]:
		j.judgeMessages(r, s)
	case a.status == 0:
		r.Unmet, s.code = errUnexpectedOK, errcode.UnexpectedStatus
	case a.status < 0:
		r.Unmet = probe.NewExcerpt(errNoNumber, a.text)
		s.code = errcode.GRPC
	default:
		s.code = errcode.FromGRPCStatus(uint64(a.status))
		says := "the server says " + option.GRPCStatus(a.status).String()
		r.Unmet = errors.New(says)
		if len(a.text) > 0 {
			r.Unmet = probe.NewExcerpt(errors.New(says+":"), readable(a.text))
		}
	}
}

var errUnexpectedOK = errors.New("the server says OK, which expect.grpc_status does not list")

// judgeMessages handles an answer with the status OK.
func (j *judge) judgeMessages(r *probe.Result, s *scratch) {
	switch n := s.answer.messages; {
	case j.single && n == 0:
		r.Reject(errNoMessage)
	case j.single && n > 1:
		r.Reject(errcode.New(errcode.GRPCFraming, strconv.Itoa(n)+" messages, where the method answers with one"))
	case n > 0 && s.answer.firstKept:
		s.kept.Settle(r)
		if failure, ok := errors.AsType[*errcode.PhaseError](r.Err); ok {
			r.Reject(oversized(failure.Err))
		}
	}
}

// check checks the first message, decoded.
func (j *judge) check(msg []byte) error {
	switch {
	case int64(len(msg)) > j.maxMessage:
		return errcode.New(errcode.GRPCMessageSize, "a message that is above the limit once it is decompressed")
	case j.take != nil:
		j.take(msg)
	case j.health:
		return checkHealth(msg)
	case j.message != nil:
		return j.checkMessage(msg)
	}
	return nil
}

// maxLast is the longest message that last keeps, in bytes.
const maxLast = 4 << 10

func (j *judge) checkMessage(msg []byte) error {
	if last := j.last.Load(); last != nil && bytes.Equal(*last, msg) {
		return nil
	}
	err := j.message.Check(msg)
	if fault, ok := errors.AsType[*protoset.ValueError](err); ok && !fault.Absent {
		return probe.NewExcerpt(fault, fault.Found)
	}
	if err == nil && len(msg) <= maxLast {
		last := bytes.Clone(msg)
		j.last.Store(&last)
	}
	return err
}

var (
	errNotServing     = errcode.New(errcode.GRPCNotServing, "the health service says NOT_SERVING")
	errHealthUnknown  = errcode.New(errcode.GRPCNotServing, "the health service says UNKNOWN")
	errServiceUnknown = errcode.New(errcode.GRPCServiceUnknown, "the health service says SERVICE_UNKNOWN")
	errNoHealth       = errors.New("the message is not one of the health service")
)

// checkHealth checks that a HealthCheckResponse has SERVING. Its status is field 1; the last
// one counts.
func checkHealth(msg []byte) error {
	const unknown, serving, notServing, serviceUnknown = 0, 1, 2, 3
	// A field that is left out has its default value, 0.
	status := uint64(unknown)
	for len(msg) > 0 {
		number, kind, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return errNoHealth
		}
		msg = msg[n:]
		if number == 1 && kind == protowire.VarintType {
			status, n = protowire.ConsumeVarint(msg)
		} else {
			n = protowire.ConsumeFieldValue(number, kind, msg)
		}
		if n < 0 {
			return errNoHealth
		}
		msg = msg[n:]
	}
	switch status {
	case serving:
		return nil
	case unknown:
		return errHealthUnknown
	case notServing:
		return errNotServing
	case serviceUnknown:
		return errServiceUnknown
	}
	return errcode.New(errcode.GRPCNotServing, "the health service says "+strconv.FormatUint(status, 10)+", which is not one of its statuses")
}

// verdict returns the code of a call. The first of these failures gives the code: the
// incomplete answer, its status, its message, its time.
func (j *judge) verdict(r *probe.Result) errcode.Code {
	switch s := scratchOf(r); {
	case r.Err != nil:
		return errcode.FromError(r.Err)
	case s.code != errcode.OK:
		return s.code
	case r.HTTP.BodyErr != nil:
		return codeOf(r.HTTP.BodyErr)
	case j.maxLatency > 0 && r.Duration() > j.maxLatency:
		return errcode.TooSlow
	}
	return errcode.OK
}

// codeOf returns the code of a faulty message.
func codeOf(err error) errcode.Code {
	if known, ok := errors.AsType[*errcode.Error](err); ok {
		return known.Code
	}
	return errcode.UnexpectedBody
}

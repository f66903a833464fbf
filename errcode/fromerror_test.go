package errcode_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

func TestPrecedence(t *testing.T) {
	t.Parallel()
	rules := []struct {
		name string
		want errcode.Code // in the phase transfer
		err  error
	}{
		{"own cancellation", errcode.Cancelled, context.Canceled},
		{"local resources", errcode.LocalResources, syscall.EMFILE},
		{"blocked", errcode.BlockedIP, errcode.New(errcode.BlockedIP, "blocked")},
		{"a declared code", errcode.HTTP2Ping, errcode.New(errcode.HTTP2Ping, "dead")},
		{"a deadline", errcode.RequestTimeout, os.ErrDeadlineExceeded},
		{"name resolution", errcode.NoSuchHost, &net.DNSError{IsNotFound: true}},
		{"TLS", errcode.AlertUnknownCA, fmt.Errorf("%w", &net.OpError{Op: "remote error", Err: alertOf(lab{t})})},
		{"SOCKS", errcode.ProxySocks, &net.OpError{Op: "socks connect", Net: "tcp", Err: errors.New("refused")}},
		{"an errno", errcode.Reset, syscall.ECONNRESET},
		{"HTTP/2", errcode.FromConnection(1), http2.ConnectionError(1)},
		{"an end of stream", errcode.Truncated, io.EOF},
		{"malformed content", errcode.Decompression, gzip.ErrHeader},
		{"nothing known", errcode.General, errors.New("text")},
	}
	for i, higher := range rules {
		for _, lower := range rules[i:] {
			t.Run(higher.name+" before "+lower.name, func(t *testing.T) {
				for _, err := range []error{
					errors.Join(higher.err, lower.err),
					errors.Join(lower.err, higher.err),
					fmt.Errorf("%w, after %w", lower.err, fmt.Errorf("deeper: %w", higher.err)),
				} {
					assert.Equal(t, higher.want, errcode.FromError(in(errcode.PhaseTransfer, err)), "%v", err)
				}
			})
		}
	}
}

// alertOf returns the unexported alert 48 of crypto/tls.
func alertOf(t lab) error {
	t.Helper()
	err := handshake(t, peer(t, peers.Saying("\x15\x03\x03\x00\x02\x02\x30")), nil)
	var op *net.OpError
	require.ErrorAs(t, err, &op)
	return op.Err
}

func TestThePhaseDecides(t *testing.T) {
	t.Parallel()
	timeout := &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	errno := func(e syscall.Errno) error { return os.NewSyscallError("read", e) }
	codes := func(resolve, connect, tls, send, transfer errcode.Code) [5]errcode.Code {
		return [...]errcode.Code{resolve, connect, tls, send, transfer}
	}
	phases := [...]errcode.Phase{
		errcode.PhaseResolve, errcode.PhaseConnect, errcode.PhaseTLS, errcode.PhaseSend, errcode.PhaseTransfer,
	}
	for _, c := range []struct {
		name string
		err  error
		want [5]errcode.Code
	}{
		{"a deadline", context.DeadlineExceeded, codes(1105, 1211, 1302, 1050, 1050)},
		{"a deadline of a connection", timeout, codes(1105, 1211, 1302, 1050, 1050)},
		{"an end of stream", io.EOF, codes(1106, 1210, 1303, 1221, 1702)},
		{"an unexpected end of stream", io.ErrUnexpectedEOF, codes(1106, 1210, 1303, 1221, 1702)},
		{"ECONNRESET", errno(syscall.ECONNRESET), codes(1108, 1220, 1303, 1220, 1220)},
		{"EPIPE", errno(syscall.EPIPE), codes(1108, 1201, 1303, 1201, 1201)},
		{"ECONNABORTED", errno(syscall.ECONNABORTED), codes(1108, 1203, 1303, 1203, 1203)},
		{"ETIMEDOUT", errno(syscall.ETIMEDOUT), codes(1105, 1211, 1204, 1204, 1204)},
		{"ECONNREFUSED", errno(syscall.ECONNREFUSED), codes(1108, 1212, 1202, 1202, 1202)},
		{"ENETUNREACH", errno(syscall.ENETUNREACH), codes(1108, 1214, 1202, 1202, 1202)},
		{"EHOSTUNREACH", errno(syscall.EHOSTUNREACH), codes(1108, 1215, 1202, 1202, 1202)},
		{"a look-up out of time", &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{IsTimeout: true}}, codes(1105, 1105, 1302, 1050, 1050)},
		{"a look-up that fails", &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{}}, codes(1100, 1100, 1100, 1100, 1100)},
		{"another errno", errno(syscall.EPROTO), codes(1108, 1213, 1202, 1202, 1202)},
		{"EADDRNOTAVAIL", errno(syscall.EADDRNOTAVAIL), codes(1004, 1004, 1004, 1004, 1004)},
		{"EACCES", errno(syscall.EACCES), codes(1005, 1005, 1005, 1005, 1005)},
		{"a text", errors.New("text"), codes(1100, 1210, 1300, 1000, 1000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for i, phase := range phases {
				assert.Equal(t, c.want[i], errcode.FromError(in(phase, c.err)), "%v", phase)
			}
		})
	}
}

// The end of a connection that the peer has kept is one failure, whatever call meets it
// and whatever the peer's system does with an unread request.
func TestTheEndOfAReusedConnection(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{
		io.EOF, io.ErrUnexpectedEOF, os.NewSyscallError("read", syscall.ECONNRESET), os.NewSyscallError("write", syscall.ECONNRESET),
		os.NewSyscallError("write", syscall.EPIPE), &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
	} {
		for _, phase := range []errcode.Phase{errcode.PhaseNone, errcode.PhaseSend, errcode.PhaseProcessing} {
			assert.Equal(t, errcode.ClosedReused, errcode.FromError(&errcode.PhaseError{Phase: phase, Reused: true, Err: cause}), "%v: %v", phase, cause)
		}
		within := &errcode.PhaseError{Phase: errcode.PhaseTransfer, Reused: true, Err: cause}
		assert.NotEqual(t, errcode.ClosedReused, errcode.FromError(within), "within the body: %v", cause)
		within.InHeader = true
		assert.NotEqual(t, errcode.ClosedReused, errcode.FromError(within), "within the header: %v", cause)
	}
	aborted := &errcode.PhaseError{Phase: errcode.PhaseProcessing, Reused: true, Err: os.NewSyscallError("read", syscall.ECONNABORTED)}
	assert.Equal(t, errcode.Aborted, errcode.FromError(aborted), "our own side ended it")
}

func TestTheEndOfAStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		want errcode.Code
		err  error
	}{
		{"of a new connection", errcode.Closed, &errcode.PhaseError{Phase: errcode.PhaseProcessing, Err: io.EOF}},
		{"of a reused connection", errcode.ClosedReused, &errcode.PhaseError{Phase: errcode.PhaseSend, Reused: true, Err: io.EOF}},
		{"of a reused connection in no phase", errcode.ClosedReused, &errcode.PhaseError{Reused: true, Err: io.EOF}},
		{"within the header", errcode.ClosedInHeaders, &errcode.PhaseError{Phase: errcode.PhaseTransfer, InHeader: true, Err: io.EOF}},
		{"within the header of a reused connection", errcode.ClosedInHeaders, &errcode.PhaseError{InHeader: true, Reused: true, Err: io.EOF}},
		{"within the body of a reused connection", errcode.Truncated, &errcode.PhaseError{Phase: errcode.PhaseTransfer, Reused: true, Err: io.EOF}},
		{"bare", errcode.Closed, io.EOF},
		{"bare and unexpected", errcode.Truncated, io.ErrUnexpectedEOF},
		{"before net/http had a header", errcode.Closed, &url.Error{Op: "Get", Err: io.EOF}},
		{"while net/http read a header", errcode.ClosedInHeaders, &url.Error{Op: "Get", Err: io.ErrUnexpectedEOF}},
		{"of a unix socket", errcode.NonTCPNetwork, &net.OpError{Op: "read", Net: "unix", Err: io.EOF}},
	} {
		assert.Equal(t, c.want, errcode.FromError(c.err), c.name)
	}
}

func TestADeclaredCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		want errcode.Code
		err  error
	}{
		{"stands above its cause", errcode.ProxyConnect, errcode.Wrap(errcode.ProxyConnect, "proxy", os.ErrDeadlineExceeded)},
		{"stands above a declared cause", errcode.ProxyConnect, errcode.Wrap(errcode.ProxyConnect, "proxy", errcode.New(errcode.DNSServfail, "rcode"))},
		{"gives way to a blocked address", errcode.BlockedIP, errcode.Wrap(errcode.ProxyConnect, "proxy", errcode.New(errcode.BlockedIP, "blocked"))},
		{"gives way to local trouble", errcode.LocalPorts, errcode.Wrap(errcode.ProxyConnect, "proxy", syscall.EADDRNOTAVAIL)},
		{"gives way to declared local trouble", errcode.Panic, errcode.Wrap(errcode.ProxyConnect, "proxy", errcode.New(errcode.Panic, "panic"))},
		{"gives way to cancellation", errcode.Cancelled, errcode.Wrap(errcode.HTTP2Ping, "ping", context.Canceled)},
		{"may be cancellation", errcode.Cancelled, errcode.New(errcode.Cancelled, "shutdown")},
		{"of success says nothing", errcode.Refused, errcode.Wrap(errcode.OK, "ok", syscall.ECONNREFUSED)},
		{"outside the set says nothing", errcode.Refused, errcode.Wrap(1399, "unknown", syscall.ECONNREFUSED)},
		{"is not what proxyconnect hides", errcode.ProxyConnect, &net.OpError{Op: "proxyconnect", Err: &net.DNSError{IsTimeout: true}}},
	} {
		assert.Equal(t, c.want, errcode.FromError(c.err), c.name)
	}
}

// saysTimeout is a wrapper of a foreign package.
type saysTimeout struct{ error }

func (saysTimeout) Timeout() bool   { return true }
func (e saysTimeout) Unwrap() error { return e.error }

// cyclic wraps itself.
type cyclic struct{ error }

func (c *cyclic) Unwrap() error { return c }

func TestErrorsOfForeignTypes(t *testing.T) {
	t.Parallel()
	var noOp *net.OpError
	var noPlace *errcode.PhaseError
	for _, c := range []struct {
		name string
		want errcode.Code
		err  error
	}{
		{"one that says it is a timeout", errcode.RequestTimeout, saysTimeout{errors.New("slow")}},
		{"one that says so of ETIMEDOUT", errcode.ConnectionTimeout, saysTimeout{syscall.ETIMEDOUT}},
		{"one that wraps itself", errcode.General, &cyclic{errors.New("round")}},
		{"one that wraps nothing", errcode.General, saysNothing{}},
		{"a nil pointer", errcode.General, noOp},
		{"a nil pointer within net/http", errcode.General, &url.Error{Op: "Get", URL: "/", Err: noOp}},
		{"a nil pointer of our own", errcode.General, fmt.Errorf("wrapped: %w", noPlace)},
		{"a pointer to a frame error", errcode.FromGoAway(2), ptr[http2.GoAwayError, *http2.GoAwayError](http2.GoAwayError{ErrCode: 2})},
	} {
		assert.Equal(t, c.want, errcode.FromError(c.err), c.name)
	}
	assert.Equal(t, errcode.OK, errcode.FromError(nil))
}

type saysNothing struct{}

func (saysNothing) Error() string   { return "" }
func (saysNothing) Unwrap() []error { return []error{nil, nil} }

// ptr returns a pointer to v as an error.
func ptr[T any, P interface {
	*T
	error
}](v T) error {
	return P(&v)
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	err := errcode.Wrap(errcode.ProxyConnect, "proxy", io.EOF)
	assert.EqualError(t, &errcode.PhaseError{Phase: errcode.PhaseConnect, Err: err}, "connect: proxy: EOF")
	assert.ErrorIs(t, err, io.EOF)
	assert.EqualError(t, errcode.New(errcode.Panic, "panic"), "panic")
	assert.Equal(t, "none", errcode.Phase(200).String())
}

func FuzzFromError(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{200, 3, 201, 9, 210, 1, 2})
	f.Add([]byte("a chain of any length"))
	f.Add([]byte{0xb9, 0x38}) // a nil pointer in an error of net/http
	known := slices.Collect(errcode.All())
	f.Fuzz(func(t *testing.T, recipe []byte) {
		_, err := build(recipe, 0)
		c := errcode.FromError(err)
		require.Contains(t, known, c, "%v", err)
		require.Equal(t, err != nil, c.IsFailure())
		require.Equal(t, c, errcode.FromError(err), "not the same twice")
		if err != nil {
			require.Equal(t, c, errcode.FromError(fmt.Errorf("wrapped: %w", err)))
		}
	})
}

// build makes a tree of errors from recipe and returns the rest of it.
func build(recipe []byte, depth int) (rest []byte, err error) {
	if len(recipe) == 0 || depth > 40 {
		return nil, nil
	}
	kind, rest := recipe[0], recipe[1:]
	if kind < 128 {
		return rest, leaf(kind, rest)
	}
	rest, inner := build(rest, depth+1)
	if inner == nil {
		inner = io.EOF
	}
	switch kind % 12 {
	case 0:
		return rest, &errcode.PhaseError{Phase: errcode.Phase(kind % 11), Reused: kind&1 > 0, InHeader: kind&2 > 0, Err: inner}
	case 1:
		return rest, errcode.Wrap(errcode.Code(1000+uint16(kind)), "declared", inner)
	case 2:
		return rest, &net.OpError{Op: "dial", Net: "tcp", Err: inner}
	case 3:
		return rest, &net.OpError{Op: "read", Net: "udp", Err: inner}
	case 4:
		return rest, &net.OpError{Op: "remote error", Err: inner}
	case 5:
		return rest, &url.Error{Op: "Get", URL: "gopher:%zz", Err: inner}
	case 6:
		return rest, &net.DNSError{UnwrapErr: inner, IsTimeout: kind&1 > 0}
	case 7:
		return rest, saysTimeout{inner}
	case 8:
		return rest, fmt.Errorf("%w", inner)
	case 9:
		return rest, os.NewSyscallError("connect", inner)
	default:
		rest, other := build(rest, depth+1)
		return rest, errors.Join(inner, other)
	}
}

func leaf(kind byte, rest []byte) error {
	var n byte
	if len(rest) > 0 {
		n = rest[0]
	}
	switch kind % 10 {
	case 0:
		return syscall.Errno(n)
	case 1:
		return http2.StreamError{Code: http2.ErrCode(n)}
	case 2:
		return http2.ConnectionError(n)
	case 3:
		return errcode.New(errcode.Code(n)*8, "declared")
	case 4:
		return context.DeadlineExceeded
	case 5:
		return io.ErrUnexpectedEOF
	case 6:
		return (*net.OpError)(nil)
	case 7:
		return &net.AddrError{Addr: string(rest)}
	case 8:
		return gzip.ErrChecksum
	default:
		return errors.New(string(rest))
	}
}

package errcode

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"reflect"
)

// FromError returns the code of an error from this program's transport, from
// net/http (HTTP/1 and HTTP/2), golang.org/x/net/http2, crypto/tls or package
// net, wrapped and joined in any way. It looks at types and values, never at
// text; nil is [OK]. The first of these rules that applies anywhere in the tree
// of err gives the code:
//
//  1. own cancellation ([context.Canceled]): 1001
//  2. the local host: an [Error] with such a code, file descriptors and memory,
//     ports, permission: 1002 to 1007
//  3. an address or name on the deny list: 1110, 1111
//  4. the code of the outermost [Error]; a failure to reach a proxy: 1031
//  5. a deadline, by phase: 1105, 1211, 1302, otherwise 1050; that of a QUIC handshake has
//     a code of its own, 1901, by rule 4
//  6. name resolution: 11xx
//  7. TLS records, alerts and certificates: 13xx
//  8. SOCKS: 1034
//  9. an operating-system error, by phase: 1108, 1303, 12xx, or 1010 if the
//     network is not TCP; a reset or broken pipe before the response on a reused
//     connection is 1223
//  10. HTTP/2: 16xx
//  11. an end of stream, by phase: 1106, 1210, 1303, 1221 to 1223, 1702
//  12. malformed input: 1020, 1021, 1701, 1703, 1706, 18xx
//  13. by phase alone: 1100, 1210, 1300; a socket in use: 1200; otherwise 1000
//
// The phase is the one in the outermost [PhaseError], except that a [net.DNSError] while
// connecting belongs to the look-up. Without a PhaseError, a [net.OpError] of a dial and a
// [net.DNSError] give the phase, and an end of stream inside a [url.Error] happened before
// the response header was complete.
//
// FromError does not know the types of quic-go: package quiccode gives them their codes.
//
// net/http returns the cause of a context instead of its error, if there is one. To
// keep own cancellation apart, pass errors.Join(ctx.Err(), err).
func FromError(err error) Code {
	if err == nil {
		return OK
	}
	f := facts{left: maxErrors}
	f.add(err)
	return f.code()
}

// maxErrors bounds the errors visited in one tree. No network stack builds one as large,
// and the walk of a cyclic one would otherwise never end.
const maxErrors = 256

// facts are the facts in one tree of errors, gathered in a single walk, outermost error
// first. Of several codes of one kind, the first stays.
type facts struct {
	left int // errors that may still be visited

	place     PhaseError // the outermost one
	placed    bool
	dialling  bool   // the operation was a dial
	handshake bool   // the operation was a TLS handshake
	lookup    bool   // the operation was a DNS look-up
	awaiting  bool   // net/http had not returned a response yet
	socket    bool   // the operation was on a socket
	nonTCP    bool   // the socket was not a TCP one
	url       string // of the request, if net/http gave only a text

	cancelled  bool
	deadline   bool
	timeout    bool // a wrapper says so, perhaps one around ETIMEDOUT
	ended      bool // io.EOF or io.ErrUnexpectedEOF
	unexpected bool // io.ErrUnexpectedEOF
	errno      errnoKind

	local, blocked, explicit, dns, tls, proxy, http2, malformed Code
}

// add takes in err and all errors it wraps.
func (f *facts) add(err error) {
	if err == nil || f.left == 0 {
		return
	}
	f.left--
	if v := reflect.ValueOf(err); v.Kind() == reflect.Pointer && v.IsNil() {
		return
	}
	f.sentinel(err)
	if !f.own(err) && !f.system(err) && !f.secure(err) && !f.frame(err) && !f.content(err) {
		f.shape(err)
		f.behaviour(err)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		f.add(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			f.add(inner)
		}
	}
}

// sentinel takes in the errors known by value.
func (f *facts) sentinel(err error) {
	switch err {
	case context.Canceled:
		f.cancelled = true
	case context.DeadlineExceeded, os.ErrDeadlineExceeded:
		f.deadline = true
	case io.EOF:
		f.ended = true
	case io.ErrUnexpectedEOF:
		f.ended, f.unexpected = true, true
	}
}

// own takes in the types of this package.
func (f *facts) own(err error) bool {
	switch e := err.(type) {
	case *PhaseError:
		if !f.placed {
			f.place, f.placed = *e, true
		}
	case *Error:
		f.coded(e.Code)
	default:
		return false
	}
	return true
}

// coded takes in a code from the place of the failure.
func (f *facts) coded(c Code) {
	switch {
	case c == OK || !c.known():
	case c == Cancelled:
		f.cancelled = true
	case c.IsLocal():
		first(&f.local, c)
	case c == BlockedIP || c == BlockedHost:
		first(&f.blocked, c)
	default:
		first(&f.explicit, c)
	}
}

// system takes in the types of packages net, os, syscall and net/url.
func (f *facts) system(err error) bool {
	if kind, ok := errnoOf(err); ok {
		f.number(kind)
		return true
	}
	switch e := err.(type) {
	case *net.OpError:
		f.operation(e)
	case *net.DNSError:
		f.resolution(e)
	case *net.AddrError:
		first(&f.malformed, InvalidURL)
	case *os.SyscallError:
		f.socket = true
		f.dialling = f.dialling || e.Syscall == "connect" || e.Syscall == "connectex"
	case *os.PathError:
	case *url.Error:
		f.request(e)
	case url.EscapeError, url.InvalidHostError:
		first(&f.malformed, InvalidURL)
	default:
		return false
	}
	return true
}

func (f *facts) number(kind errnoKind) {
	first(&f.local, kind.local())
	if f.errno == errnoNone && kind.local() == OK {
		f.errno = kind
	}
}

// behaviour takes in the methods of an error of an unknown type.
func (f *facts) behaviour(err error) {
	if e, ok := err.(interface{ Is(error) bool }); ok {
		f.cancelled = f.cancelled || e.Is(context.Canceled)
		f.deadline = f.deadline || e.Is(context.DeadlineExceeded) || e.Is(os.ErrDeadlineExceeded)
	}
	if e, ok := err.(interface{ Timeout() bool }); ok && e.Timeout() {
		f.timeout = true
	}
}

func first(to *Code, c Code) {
	if *to == OK {
		*to = c
	}
}

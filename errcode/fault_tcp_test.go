package errcode_test

import (
	"compress/flate"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// localFaults are failures caused by our own side.
func localFaults() []fault {
	return []fault{
		{name: "the context of a dial is cancelled", want: errcode.Cancelled, fail: func(t lab) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return dial(ctx, "tcp", peers.ClosedPort(t))
		}},
		{name: "the wanted local address is taken", want: errcode.LocalPorts, fail: func(t lab) error {
			there := peer(t, peers.Silence)
			taken, err := net.ResolveTCPAddr("tcp", peer(t, peers.Silence))
			require.NoError(t, err)
			_, err = (&net.Dialer{LocalAddr: taken}).Dial("tcp", there)
			return err
		}},
		{name: "the wanted local address is not of this host", want: errcode.LocalPorts, fail: func(t lab) error {
			_, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}}).Dial("tcp", peer(t, peers.Silence))
			return err
		}},
		{name: "a unix socket does not exist", want: errcode.NonTCPNetwork, fail: func(t lab) error {
			return dial(t.Context(), "unix", filepath.Join(t.TempDir(), "socket"))
		}},
		{name: "a datagram meets a closed port", want: errcode.NonTCPNetwork, fail: datagramRefused},
		{name: "the address has no port", want: errcode.InvalidURL, fail: func(t lab) error {
			return dial(t.Context(), "tcp", "127.0.0.1")
		}},
	}
}

func tcpFaults() []fault {
	return []fault{
		{name: "nothing listens", want: errcode.Refused, fail: func(t lab) error {
			return dial(t.Context(), "tcp", peers.ClosedPort(t))
		}},
		{name: "the deadline of a dial is over", want: errcode.DialTimeout, fail: func(t lab) error {
			_, err := (&net.Dialer{Deadline: time.Now().Add(-time.Second)}).Dial("tcp", peers.ClosedPort(t))
			return err
		}},
		{name: "a hook of the dialer refuses", want: errcode.Dial, fail: func(t lab) error {
			d := net.Dialer{Control: func(string, string, syscall.RawConn) error { return errors.New("no") }}
			_, err := d.Dial("tcp", peers.ClosedPort(t))
			return err
		}},
		{name: "the peer resets", want: errcode.Reset, fail: func(t lab) error {
			_, err := readReset(t)
			return in(errcode.PhaseProcessing, err)
		}},
		{name: "a write follows a reset", want: errcode.BrokenPipe, fail: func(t lab) error {
			c, err := readReset(t)
			require.Error(t, err)
			_, err = io.WriteString(c, "request")
			return err
		}},
		{name: "we closed the connection ourselves", want: errcode.TCP, fail: func(t lab) error {
			c := peers.Dial(t, "tcp", peer(t, peers.Silence))
			require.NoError(t, c.Close())
			_, err := io.WriteString(c, "request")
			return err
		}},
		{name: "no byte comes until the deadline", want: errcode.RequestTimeout, fail: func(t lab) error {
			c := peers.Dial(t, "tcp", peer(t, peers.Silence))
			require.NoError(t, c.SetDeadline(time.Now().Add(-time.Second)))
			_, err := c.Read(make([]byte, 1))
			return in(errcode.PhaseProcessing, err)
		}},
		{name: "the peer closes a new connection", want: errcode.Closed, fail: func(t lab) error {
			return in(errcode.PhaseProcessing, readAfterClose(t))
		}},
		{name: "the peer closes a reused connection", want: errcode.ClosedReused, fail: func(t lab) error {
			return &errcode.PhaseError{Phase: errcode.PhaseProcessing, Reused: true, Err: readAfterClose(t)}
		}},
		{name: "the peer resets a reused connection", want: errcode.ClosedReused, fail: func(t lab) error {
			_, err := readReset(t)
			return &errcode.PhaseError{Phase: errcode.PhaseProcessing, Reused: true, Err: err}
		}},
		{name: "the peer resets a reused connection within the header", want: errcode.Reset, fail: func(t lab) error {
			_, err := readReset(t)
			return &errcode.PhaseError{Phase: errcode.PhaseTransfer, Reused: true, InHeader: true, Err: err}
		}},
		{name: "the peer closes within the header", want: errcode.ClosedInHeaders, fail: func(t lab) error {
			return &errcode.PhaseError{Phase: errcode.PhaseTransfer, InHeader: true, Err: readAfterClose(t)}
		}},
		{name: "the peer closes within the body", want: errcode.Truncated, fail: func(t lab) error {
			return in(errcode.PhaseTransfer, readAfterClose(t))
		}},
	}
}

func dial(ctx context.Context, network, address string) error {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err == nil {
		c.Close()
	}
	return err
}

func readAfterClose(t lab) error {
	c := peers.Dial(t, "tcp", peer(t, peers.HangUp))
	_, err := io.WriteString(c, "request")
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	return err
}

// readReset returns a connection after a reset by the peer, and the error of the read.
func readReset(t lab) (net.Conn, error) {
	c := peers.Dial(t, "tcp", peer(t, peers.ResetAfterRequest))
	_, err := io.WriteString(c, "request")
	require.NoError(t, err)
	_, err = io.ReadAll(c)
	return c, err
}

func datagramRefused(t lab) error {
	c := peers.Dial(t, "udp", peers.ClosedPacketPort(t))
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err := io.WriteString(c, "query")
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 1))
	return err
}

// handmadeFaults are built as packages net and os would build them.
func handmadeFaults() []fault {
	tcp := func(op string, errno syscall.Errno) error {
		return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, errno)}
	}
	return []fault{
		byHand("the system has no file descriptor", errcode.LocalResources, tcp("dial", syscall.ENFILE)),
		byHand("the system has no socket buffer", errcode.LocalResources, tcp("write", syscall.ENOBUFS)),
		byHand("a local rule forbids the dial", errcode.LocalDenied, tcp("dial", syscall.EPERM)),
		byHand("the dial is reset", errcode.Reset, tcp("dial", syscall.ECONNRESET)),
		byHand("the dial meets a connection that ended and was reset", errcode.BrokenPipe, tcp("dial", syscall.EPIPE)),
		byHand("the SYN goes unanswered", errcode.DialTimeout, tcp("dial", syscall.ETIMEDOUT)),
		byHand("the network is unreachable", errcode.NetworkUnreachable, tcp("dial", syscall.ENETUNREACH)),
		byHand("the host is unreachable", errcode.HostUnreachable, tcp("dial", syscall.EHOSTUNREACH)),
		byHand("the dial fails otherwise", errcode.DialErrno, tcp("dial", syscall.EINVAL)),
		byHand("the kernel aborts the connection", errcode.Aborted, tcp("read", syscall.ECONNABORTED)),
		byHand("keep-alives go unanswered", errcode.ConnectionTimeout, tcp("read", syscall.ETIMEDOUT)),
		byHand("an established connection fails otherwise", errcode.TCPErrno, tcp("read", syscall.EPROTO)),
		byHand("a router refuses an established connection", errcode.TCPErrno, tcp("read", syscall.ECONNREFUSED)),
		byHand("the network of an established connection is lost", errcode.TCPErrno, tcp("write", syscall.ENETUNREACH)),
		byHand("the host of an established connection is lost", errcode.TCPErrno, in(errcode.PhaseProcessing, tcp("read", syscall.EHOSTUNREACH))),
		byHand("a bare refusal", errcode.Refused, syscall.ECONNREFUSED),
		byHand("the resolver has no route", errcode.DNSUnreachable, in(errcode.PhaseResolve, tcp("dial", syscall.ENETUNREACH))),
		byHand("the resolver closes in an answer", errcode.DNSMalformed, in(errcode.PhaseResolve, io.ErrUnexpectedEOF)),
		byHand("a corrupt block of a compressed body", errcode.Decompression, flate.CorruptInputError(3)),
		byHand("the handshake is aborted", errcode.TLSClosed, in(errcode.PhaseTLS, tcp("write", syscall.EPIPE))),
	}
}

// byHand is a fault that a test cannot cause on every machine, or at all.
func byHand(name string, want errcode.Code, err error) fault {
	return fault{name: name + ", by hand", want: want, byHand: true, fail: func(lab) error { return err }}
}

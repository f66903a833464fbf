package errcode_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

// lab is the test in which a fault happens.
type lab struct{ *testing.T }

// fault is one way in which a request fails.
type fault struct {
	// name is a sentence without its full stop.
	name string
	// want is the code of the error.
	want errcode.Code
	// byHand tells that the error is put together and did not happen.
	byHand bool
	// fail makes the failure happen.
	fail func(t lab) error
}

// faults lists those that fail on the real stack, then those that are put
// together by hand because no test can bring them about on every machine.
func faults() []fault {
	return slices.Concat(
		localFaults(), dnsFaults(), tcpFaults(), tlsFaults(), certificateFaults(), alertFaults(),
		clientFaults(), signedFaults(), http2Faults(), handmadeFaults(),
	)
}

func TestFromErrorGivesEachFaultItsCode(t *testing.T) {
	t.Parallel()
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			err := f.fail(lab{t})
			require.Error(t, err)
			t.Logf("%T: %v", err, err)
			require.Equal(t, f.want, errcode.FromError(err), "the bare error")
			wrapped := fmt.Errorf("target: %w", fmt.Errorf("burst 7: %w", err))
			assert.Equal(t, f.want, errcode.FromError(wrapped), "wrapped twice")
			assert.Equal(t, f.want, errcode.FromError(errors.Join(errors.New("first"), wrapped)), "joined")
		})
	}
}

// peer accepts connections on loopback and hands each to serve, on a goroutine
// of its own, until the test ends. It returns its address.
func peer(t lab, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return serveOn(t, l, serve)
}

func serveOn(t lab, l net.Listener, serve func(net.Conn)) string {
	t.Helper()
	var serving sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { c.Close() })
			serving.Go(func() {
				defer stop()
				defer c.Close()
				serve(c)
			})
		}
	})
	return l.Addr().String()
}

// silence reads and answers nothing until the connection ends.
func silence(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// hangUp reads what came of the request and closes in good order, so that the
// client sees an end of stream and no reset.
func hangUp(c net.Conn) { _, _ = c.Read(make([]byte, 1<<16)) }

// reset closes the connection with RST.
func reset(c net.Conn) {
	hangUp(c)
	_ = c.(*net.TCPConn).SetLinger(0)
}

// resetAtOnce closes the connection with RST, whatever has come.
func resetAtOnce(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// answer returns a peer's behaviour: it reads the request, writes text and closes.
func answer(text string) func(net.Conn) {
	return func(c net.Conn) {
		hangUp(c)
		_, _ = io.WriteString(c, text)
	}
}

// closedPort returns a loopback address on which nothing listens. The port is
// that of a connection, so that nobody else can begin to listen on it.
func closedPort(t lab) string {
	t.Helper()
	return connect(t, peer(t, silence)).LocalAddr().String()
}

// connect connects to a peer until the test ends.
func connect(t lab, address string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// in places err in a phase as the prober's transport does.
func in(phase errcode.Phase, err error) error {
	return &errcode.PhaseError{Phase: phase, Err: err}
}

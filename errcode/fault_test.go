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
	// prober is the code that the prober's own transport gives the same failure
	// where net/http cannot tell it, and why is the reason; both stand in
	// docs/error-codes.md.
	prober errcode.Code
	why    string
	// fail makes the failure happen.
	fail func(t lab) error
}

// faults lists those that fail on the real stack, then those that are put
// together by hand because no test can bring them about on every machine.
func faults() []fault {
	return slices.Concat(
		localFaults(), dnsFaults(), tcpFaults(), tlsFaults(), certificateFaults(), alertFaults(),
		clientFaults(), responseFaults(), http2Faults(), handmadeFaults(),
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

// onlyDeclared are the codes that no error of the standard library stands for:
// they come from an [errcode.Error] made where the failure is seen.
var onlyDeclared = []errcode.Code{
	errcode.Panic, errcode.RedirectLimit, errcode.RedirectRefused,
	errcode.Proxy, errcode.ProxyRefused, errcode.ProxyAuth,
	errcode.DNSServfail, errcode.DNSRefused, errcode.DNSRcode, errcode.BlockedIP, errcode.BlockedHost,
	errcode.CertRevoked,
	errcode.HTTP2NotSpoken, errcode.HTTP2NoSettings, errcode.HTTP2Closed, errcode.HTTP2HeaderList,
	errcode.HTTP2NoStream, errcode.HTTP2Flood, errcode.HTTP2Ping,
	errcode.Content, errcode.InflatedLimit, errcode.BodyOverrun, errcode.UnexpectedStatus, errcode.UnexpectedHeader,
	errcode.UnexpectedBody, errcode.UnexpectedProtocol, errcode.UnexpectedTLS, errcode.TooSlow,
	errcode.HTTP1StatusLine, errcode.HTTP1HeaderSize, errcode.HTTP1ContentLength,
	errcode.HTTP1Switch, errcode.HTTP1Informational, errcode.HTTP1Desync, errcode.HTTP1Version,
}

func TestEveryCodeHasAWayToCome(t *testing.T) {
	t.Parallel()
	ways := map[errcode.Code][]string{errcode.OK: {"no error"}}
	for _, f := range faults() {
		ways[f.want] = append(ways[f.want], f.name)
	}
	for _, c := range onlyDeclared {
		assert.Empty(t, ways[c], "%d is not only declared", c)
		assert.Equal(t, c, errcode.FromError(fmt.Errorf("wrapped: %w", errcode.New(c, "declared"))))
		ways[c] = append(ways[c], "declared where it is seen")
	}
	for status := range 1000 {
		c := errcode.FromStatus(status)
		if !slices.Contains(ways[c], "a status") {
			ways[c] = append(ways[c], "a status")
		}
	}
	for c := range errcode.All() {
		assert.NotEmpty(t, ways[c], "nothing produces %d %s", c, c.Name())
		if r := c.Range(); r != errcode.RangeHTTP4xx && r != errcode.RangeHTTP5xx {
			t.Logf("%d %s: %q", c, c.Name(), ways[c])
		}
	}
}

// peer accepts connections on loopback and hands each to serve, on a goroutine
// of its own, until the test ends. It returns its address.
func peer(t lab, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
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

package peers

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// lateListener returns its connection a second after its close, as if it had accepted the connection just before and
// the peer did not know yet.
type lateListener struct {
	closed chan struct{}
	conns  chan net.Conn
}

func (l *lateListener) Accept() (net.Conn, error) {
	<-l.closed
	time.Sleep(time.Second)
	c, ok := <-l.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (l *lateListener) Close() error { close(l.closed); return nil }

func (*lateListener) Addr() net.Addr { return &net.TCPAddr{} }

func TestAPeerEndsAConnectionThatIsAcceptedAsItEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		l := &lateListener{closed: make(chan struct{}), conns: make(chan net.Conn, 1)}
		l.conns <- near
		close(l.conns)
		t.Cleanup(func() { // after the end of the peer
			_, err := far.Read(make([]byte, 1))
			assert.Error(t, err)
		})
		ServeOn(t, l, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1)) // it ends with the connection
		})
	})
}

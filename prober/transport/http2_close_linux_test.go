package transport

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// A close returns when the reader has left the descriptor, and the reader, which was about to
// wait, needs the mutex of the connection to leave it.
func TestAnHTTP2ConnectionIsClosedWhileItsReaderIsAboutToWait(t *testing.T) {
	t.Parallel()
	p := listen(t, func(c net.Conn) {
		p := newH2peer(c)
		p.greet()
		p.ignore()
	})
	tr := newTransport(t, Config{URL: p.url("http"), HTTPVersion: H2C})
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(patience))
	dialled, err := tr.dial(context.Background(), &r)
	require.NoError(t, err)
	c, err := tr.h2.begin(context.Background(), dialled, &r)
	require.NoError(t, err)

	pauses, goesOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	socket := c.outlet.socket
	rest := socket.beforeWait
	socket.beforeWait = func() {
		once.Do(func() { close(pauses) })
		<-goesOn
		rest()
	}
	go c.serve()
	<-pauses
	go func() {
		c.stream.Abort()
		c.shut(context.Canceled)
	}()
	for end := probe.Now().Add(patience); !c.stream.closed.Load() && probe.Now() < end; {
		<-time.After(time.Millisecond)
	}
	close(goesOn)
	select {
	case <-c.gone:
	case <-time.After(patience):
		t.Fatal("the reader and whoever closes the connection wait for each other")
	}
}

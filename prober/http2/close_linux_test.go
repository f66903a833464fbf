package http2

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// A close returns only after the reader has left the descriptor. The reader is about to wait, and needs the mutex of
// the connection to leave it.
func TestAConnectionIsClosedWhileItsReaderIsAboutToWait(t *testing.T) {
	t.Parallel()
	const longEnough = 2 * time.Minute
	p := peers.Listen(t, func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet()
		p.Ignore()
	})
	dialled, err := net.Dial("tcp", p.Addr().String())
	require.NoError(t, err)
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(longEnough))
	r.Begin()
	pool := NewPool(Options{Streams: 1, ConnectTimeout: longEnough})
	c, err := pool.begin(context.Background(), wire.NewLink(dialled, r.Deadline), &r)
	require.NoError(t, err)

	pauses, goesOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	require.NoError(t, c.outlet.attach(c.writer.pass, func() {
		once.Do(func() { close(pauses) })
		<-goesOn
		c.writer.rest()
	}))
	go c.serve()
	<-pauses
	go func() {
		c.stream.Abort()
		c.shut(context.Canceled)
	}()
	for end := probe.Now().Add(longEnough); !c.stream.IsClosed() && probe.Now() < end; {
		<-time.After(time.Millisecond)
	}
	close(goesOn)
	select {
	case <-c.gone:
	case <-time.After(longEnough):
		t.Fatal("the reader and whoever closes the connection wait for each other")
	}
}

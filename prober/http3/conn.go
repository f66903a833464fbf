package http3

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// conn is one HTTP/3 connection over a socket of its own.
type conn struct {
	pool      *Pool
	quic      *quic.Conn
	transport *quic.Transport
	socket    *wire.Datagrams
	remote    netip.AddrPort
	// reading counts the goroutines that open our own stream and read the server's streams. gone
	// is closed when they have ended and the socket is closed.
	reading sync.WaitGroup
	gone    chan struct{}
	// yielded means that another connection already has the room under the ceiling.
	yielded atomic.Bool
	server  server

	// The mutex of the pool guards the fields below.
	open  []*stream
	place probe.Place // taken while none is open
	// served is how many streams were ever opened, peak how many at once. limited means that the
	// server has not allowed more than peak.
	served, peak int
	limited      bool
	// draining means that the connection opens no more streams.
	draining bool
	counted  bool  // the pool counts the connection as open
	early    bool  // the handshake goes on: one stream can be opened
	cause    error // why our side has ended the connection
}

// greet does the handshake of QUIC over a socket and begins HTTP/3 on it. The connection runs
// until it is shut or the server ends it.
//
// With early data, the handshake may go on after greet has returned.
func (p *Pool) greet(ctx context.Context, socket *wire.Datagrams, cfg *tls.Config, early bool) (*conn, error) {
	transport := &quic.Transport{Conn: socket}
	dial := transport.Dial
	if early {
		dial = transport.DialEarly
		watch(cfg, socket)
	}
	q, err := dial(ctx, socket.RemoteAddr(), cfg, p.config)
	if err != nil {
		// Closing the transport waits for the goroutine that reads the socket, and that may
		// be held back.
		socket.LetGo()
		_ = transport.Close() // nothing is left on it
		_ = socket.Close()
		return nil, handshakeError(err, socket.Heard() != 0, socket.Shown() != nil)
	}
	c := &conn{pool: p, quic: q, transport: transport, socket: socket, gone: make(chan struct{})}
	c.place = probe.Place{Ceiling: p.Connections, Of: c}
	c.early = early && c.isEarly()
	p.ending.Go(c.serve)
	return c, nil
}

// serve sends our settings and accepts the server's streams until the connection ends.
func (c *conn) serve() {
	defer close(c.gone)
	ctx := c.quic.Context()
	// Our control stream needs the server's permission, and the server need not give it. So
	// it has a goroutine of its own, and accept does not wait for it.
	c.reading.Go(func() {
		c.guard(func() error {
			if !c.ripen(ctx) {
				return nil
			}
			return c.settle(ctx) // the server may never allow it
		})
	})
	c.guard(func() error { return c.accept(ctx) })
	c.retire() // unless the connection has ended: the server has dropped early data, and with it all streams
	<-ctx.Done()
	// No worker must find the connection while its goroutines end.
	c.pool.remove(c)
	c.reading.Wait()
	_ = c.transport.Close() // nothing is left on it
	_ = c.socket.Close()
	// The room is given back only when the socket is closed, so the ceiling bounds sockets
	// too.
	if c.yielded.CompareAndSwap(false, true) {
		c.pool.Connections.Release()
	}
}

// guard runs f. A failure or panic of f ends the connection.
func (c *conn) guard(f func() error) {
	err := func() (err error) {
		defer probe.Catch(&err)
		return f()
	}()
	if err != nil {
		c.shut(err)
	}
}

// tryPlace puts st on the connection if it can carry st now; the mutex of the pool is held. If
// the server has allowed that many streams before, its permission is on the way, and the
// worker waits for it.
func (c *conn) tryPlace(st *stream) bool {
	if c.draining || len(c.open) >= c.pool.Streams || c.early && c.served > 0 {
		return false
	}
	opened, err := c.quic.OpenStream()
	if err != nil && !c.isLate(err) {
		return false
	}
	st.conn, st.quic, st.late = c, opened, err != nil
	if len(c.open) == 0 {
		c.place.Busy()
	}
	c.open = append(c.open, st)
	if !st.late {
		c.peak = max(c.peak, len(c.open))
		c.pool.usual = max(c.pool.usual, c.peak)
	}
	c.served++
	c.draining = c.served == c.pool.Requests
	return true
}

// isLate reports whether the server will soon allow a stream that could not be opened. If it
// has allowed none at all, isLate returns true and the worker waits, because another
// connection would get around that limit.
func (c *conn) isLate(err error) bool {
	if _, limited := errors.AsType[*quic.StreamLimitReachedError](err); !limited {
		c.draining = true // it has ended
		return false
	}
	c.limited = true
	// Other connections probably get the same limit, so fewer waiters count on each of
	// them.
	c.pool.usual = max(c.peak, 1)
	return len(c.open) < c.peak || c.peak == 0
}

// openLate opens the stream of st once the server allows it, within the time of the request.
func (c *conn) openLate(ctx context.Context, st *stream) error {
	// The server may never allow it: the deadline of the request ends the wait, and GOAWAY
	// does so earlier by way of giveUp.
	ctx, cancel := context.WithDeadline(ctx, st.deadline.Time())
	defer cancel()
	if !c.awaits(st, cancel) {
		return errGoneAway
	}
	opened, err := c.quic.OpenStreamSync(ctx)
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	st.giveUp = nil
	switch {
	case err == nil:
		st.quic = opened
		c.peak = max(c.peak, 1)
	case errors.Is(err, context.DeadlineExceeded) && c.peak == 0:
		return errNoStream
	case errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	}
	return err
}

// awaits notes that st waits for permission for its stream, and how to end the wait. It
// returns false if the server will no longer process the request.
func (c *conn) awaits(st *stream, giveUp context.CancelFunc) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	st.waited, st.giveUp = true, giveUp
	return !st.unprocessed.Load()
}

// room is how many streams can be opened; the mutex of the pool is held.
func (c *conn) room() int {
	if c.draining || c.early {
		return 0
	}
	room := c.pool.Streams
	if c.limited {
		room = min(room, max(c.peak, 1))
	}
	room -= len(c.open)
	if n := c.pool.Requests; n > 0 {
		room = min(room, n-c.served)
	}
	return max(room, 0)
}

// retireIfIdle reports whether no stream is open. If so, no stream can be opened any more.
func (c *conn) retireIfIdle() bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if len(c.open) > 0 {
		return false
	}
	c.draining = true
	return true
}

// retire stops the opening of streams. The connection ends with its last stream.
func (c *conn) retire() {
	c.pool.mu.Lock()
	c.draining = true
	done := c.isDone()
	c.pool.mu.Unlock()
	if done {
		c.shut(errRetired)
	}
}

// isDone reports whether the connection opens no more streams and has none open; the mutex of
// the pool is held.
func (c *conn) isDone() bool {
	if !c.draining || len(c.open) > 0 {
		return false
	}
	c.uncount()
	return true
}

// uncount takes c out of the number of open connections; the mutex of the pool is held.
func (c *conn) uncount() {
	if c.counted {
		c.counted = false
		c.pool.opened.Add(-1)
	}
}

func (c *conn) hasEnded() bool { return c.quic.Context().Err() != nil }

// shut ends the connection and tells the server. The requests on it fail with why. shut waits
// for quic-go, but quic-go waits for nobody. Only the first reason counts.
func (c *conn) shut(why error) {
	c.pool.mu.Lock()
	c.draining = true
	if c.cause == nil && !c.hasEnded() {
		c.cause = why
	}
	c.uncount()
	c.pool.mu.Unlock()
	tell := uint64(h3NoError)
	if f, ok := errors.AsType[*fault](why); ok {
		tell = f.tell
	}
	// This waits for the goroutine of quic-go, so the mutex of the pool is free here.
	_ = c.quic.CloseWithError(quic.ApplicationErrorCode(tell), "") // never fails
}

// failure returns why a request on the connection has failed after a read or write returned
// err. If the connection has ended, it returns the reason for that.
//
// A reason of our side counts before the connection has ended: quic-go ends the streams first,
// with an error that holds nothing but the code for the server.
func (c *conn) failure(err error) error {
	c.pool.mu.Lock()
	cause := c.cause
	c.pool.mu.Unlock()
	switch {
	case cause != nil && !errors.Is(cause, errRetired):
		return cause
	case !c.hasEnded():
		return explain(err)
	case cause == nil:
		return explain(context.Cause(c.quic.Context()))
	}
	return err
}

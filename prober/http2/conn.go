package http2

import (
	"bufio"
	"context"
	"io"
	"net/netip"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

const (
	// readAhead is the size of the read buffer of a connection, in bytes.
	readAhead = 32 << 10
)

// conn is one HTTP/2 connection. Workers open streams on it and write their requests themselves. The connection's own
// goroutine, the reader, reads everything and wakes each worker when its response is complete.
type conn struct {
	pool   *Pool
	stream *wire.Stream
	rw     io.ReadWriteCloser // the stream, or TLS over it
	remote netip.AddrPort
	// outlet, writer and lastFrames are the write side, from below: the outlet sends bytes, the writer collects frames, the
	// lastFrames ends the connection. gone is closed last, when the reader has ended.
	outlet     *outlet
	writer     *writer
	lastFrames *lastFrames
	gone       chan struct{}

	// The reader owns the fields below, up to mu.
	in     *bufio.Reader
	readAt probe.Instant // when the last read returned
	// arrival is the arrival of the bytes of the last read.
	arrival probe.Arrival
	fields  *hpack.Decoder
	head    message.Section
	block   []byte // a header block that came in several frames

	mu    mutex
	flood floodGauge
	// framer reads for the reader, without mu. Its frames go to writer.out, with mu held.
	framer *http2.Framer
	streams
	flow

	// draining means that the connection opens no more streams: either side has sent GOAWAY, or the connection has carried
	// its maximum of requests.
	draining bool
	goAway   *http2.GoAwayError // the last one from the peer
	cause    error              // why the connection has ended; frames are no longer handled
	// counted means that the pool counts the connection as open.
	counted bool
	// heardAt is when the last frame came. pingUntil is the deadline for the answer to a PING, or 0 if none is
	// outstanding.
	heardAt   probe.Instant
	pingUntil probe.Instant
	pings     int // sent since the last answer to a request
}

// begin makes l, a link just dialled, an HTTP/2 connection: it sends our preface and waits for the peer's (RFC 9113,
// section 3.4). It waits because the preface says how many streams the peer allows, and a stream opened earlier might
// be refused. The time it takes belongs to the phase send.
func (p *Pool) begin(ctx context.Context, l wire.Link, r *probe.Result) (*conn, error) {
	r.Enter(errcode.PhaseSend)
	h := &conn{
		pool: p, stream: l.Stream, rw: l.RW, remote: l.Remote,
		outlet: &outlet{stream: l.Stream},
		gone:   make(chan struct{}),
	}
	h.lastFrames = newFarewell(l.RW, h.outlet)
	h.writer = newWriter(&h.mu, h, l.RW, h.outlet, h.lastFrames)
	h.in = bufio.NewReaderSize(stampingReader{h}, readAhead)
	h.framer = http2.NewFramer(h.writer, h.in)
	h.framer.SetMaxReadFrameSize(leastMaxFrame)
	h.fields = hpack.NewDecoder(soundness)
	h.head.Wanted = p.Wanted
	if p.Shows {
		h.head.All = new(message.Lines)
	}
	h.nextID, h.peerStreams = 1, maxStreamID
	h.flow = newFlow()
	h.place = probe.Place{Ceiling: p.Connections, Of: h}
	timeout := p.ConnectTimeout
	if l.TLS != nil {
		timeout = p.TLSTimeout
	}
	l.Stream.Deadline = min(r.Deadline, probe.Now().Add(timeout))
	stop := context.AfterFunc(ctx, l.Stream.Abort)
	err := h.exchangePrefaces()
	if !stop() && err == nil {
		err = context.Canceled
	}
	if err != nil {
		h.refusePreface(err)
		return nil, prefaceError(err, h.readAt != 0)
	}
	h.heardAt = h.readAt
	return h, h.outlet.attach(h.writer.pass, h.writer.rest)
}

func (c *conn) exchangePrefaces() error {
	c.writer.out = append(c.writer.out, http2.ClientPreface...)
	// Writing to memory does not fail.
	_ = c.framer.WriteSettings(
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: streamWindow},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: message.MaxHeaderBytes},
	)
	_ = c.framer.WriteWindowUpdate(0, connectionWindow-defaultWindow)
	if _, err := c.rw.Write(c.writer.out); err != nil {
		return err
	}
	c.writer.out = c.writer.out[:0]
	fh, err := c.framer.ReadFrameHeader()
	if err == nil && fh.Type != http2.FrameSettings && fh.Type != http2.FrameGoAway || notFramed(err) {
		return errNotSpoken
	}
	if err != nil {
		return err
	}
	frame, err := c.framer.ReadFrameForHeader(fh)
	if err != nil {
		return err
	}
	switch f := frame.(type) {
	case *http2.GoAwayFrame:
		return http2.GoAwayError{LastStreamID: f.LastStreamID, ErrCode: f.ErrCode}
	case *http2.SettingsFrame:
		if !f.IsAck() {
			return c.applySettings(f)
		}
	}
	return errNotSpoken
}

// greet acknowledges the peer's settings on a connection without any stream.
func (c *conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writer.flushSoon()
}

// serve reads until the connection ends. It is the reader.
func (c *conn) serve() {
	defer close(c.gone)
	c.shut(c.explain(c.readFrames()))
	c.writer.background.Wait()
	<-c.lastFrames.left // The writing goroutine closes left; it never waits now.
}

// readFrames handles frames until one of them or the network ends the connection. A panic ends it too, and the requests
// on it fail with the panic.
func (c *conn) readFrames() (err error) {
	defer probe.Catch(&err)
	for {
		if err := c.readFrame(); err != nil {
			return err
		}
		c.pool.slotFreed()
	}
}

// tryOpen opens a stream for st unless the connection cannot carry one now. It appends as much of the request as the
// windows allow; the caller flushes.
func (c *conn) tryOpen(st *stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A peer that does not read gets no more requests: what is written for it would take memory.
	if c.draining || c.cause != nil || c.writer.isStalled() || len(c.open) >= c.capacity() {
		return false
	}
	st.conn, st.id, st.heard = c, c.nextID, c.heardAt
	c.nextID += 2
	if len(c.open) == 0 {
		c.place.Busy()
	}
	c.open = append(c.open, st)
	served := int(st.id/2) + 1
	c.draining = served == c.pool.Requests || st.id == maxStreamID
	if st.call != nil {
		st.varied = st.call.AppendFields(st.varied, st.deadline.Sub(probe.Now()))
	}
	if st.trace != nil {
		st.showRequest()
	}
	before := len(c.writer.out)
	c.writer.out = st.request.appendTo(c.writer.out, st.id, st.varied, st.content.Length == 0)
	st.sent = int64(len(c.writer.out) - before)
	st.left, st.sendWindow = st.content.Length, c.initialWindow
	if st.left > 0 {
		c.unsent = append(c.unsent, st)
		c.appendContent(st)
	}
	c.writer.awaited--
	st.handedOver = st.left == 0 && c.writer.isSeenTo()
	return true
}

// capacity returns how many streams may be open at once; mu is held.
func (c *conn) capacity() int {
	return min(c.pool.Streams, int(min(c.peerStreams, maxStreamID)))
}

// isRefusing reports whether the peer allows no stream although the connection is healthy.
func (c *conn) isRefusing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.peerStreams == 0 && !c.draining && c.cause == nil
}

// hasEnded reports whether the connection is closed, or about to be.
func (c *conn) hasEnded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause != nil || c.drained() != nil
}

// streamCount returns the number of open streams.
func (c *conn) streamCount() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// retireIfIdle reports whether no stream is open. If so, no stream can be opened any more.
func (c *conn) retireIfIdle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) > 0 {
		return false
	}
	c.draining = true
	return true
}

// drained returns an error if the connection opens no more streams and has none open; mu is held.
func (c *conn) drained() error {
	if c.draining && len(c.open) == 0 {
		c.uncount()
		return errRetired
	}
	return nil
}

// uncount takes c out of the number of open connections; mu is held.
func (c *conn) uncount() {
	if c.counted {
		c.counted = false
		c.pool.opened.Add(-1)
	}
}

func (c *conn) isShared() bool { return len(c.open) > 1 }

// cannotWrite stops the opening of streams. Those that are open end with the connection.
func (c *conn) cannotWrite() { c.draining = true }

func (c *conn) readsAgain() { c.pool.slotFreed() }

// stampingReader notes the arrival of bytes.
type stampingReader struct{ c *conn }

func (r stampingReader) Read(p []byte) (int, error) {
	n, err := r.c.rw.Read(p)
	if n > 0 {
		r.c.arrival = r.c.stream.Arrival()
		r.c.readAt = r.c.arrival.Read
	}
	return n, err
}

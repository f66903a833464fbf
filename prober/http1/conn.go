package http1

import (
	"errors"
	"io"
	"os"

	"example.com/prober/errcode"
	"example.com/prober/prober/http1/head"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// readBufferSize is the buffer of a connection; it grows for headers only.
const readBufferSize = 8 << 10

// conn is one HTTP/1 connection. Only the goroutine that has taken it from the pool touches
// it, but for Abort on its stream.
type conn struct {
	wire.Link

	pool *Pool
	x    *Exchange // under way, else nil
	// buf[start:end] holds bytes received and not yet consumed. The pool has the buffer while
	// the connection carries no request: after a complete response nothing is left in it.
	buf        []byte
	start, end int
	// arrived is when the bytes of the last read arrived; the response ended then. readAt
	// is when they were read.
	arrived, readAt probe.Instant
	head            head.Header
	// headSize is the number of bytes in the header. The header ends at start when it has
	// been read.
	headSize int
	// before is a copy of the header parsed into head, or empty.
	before []byte
	// out holds requests that have to be put together.
	out    []byte
	upload upload

	served    int
	reusable  bool
	jammed    bool // a write was given up, or failed
	ended     bool // after bytes that count, the peer ended or TLS failed
	idleSince probe.Instant
	place     probe.Place // taken while the connection is idle
}

func newConn(p *Pool, l wire.Link) *conn {
	c := &conn{Link: l, pool: p}
	c.place = probe.Place{Ceiling: p.Connections, Of: c}
	return c
}

// End closes the connection without waiting.
func (c *conn) End() { c.Link.Close(c.jammed) }

// Abort ends the operation under way and all later ones.
func (c *conn) Abort() { c.Stream.Abort() }

// Place returns the connection's place among the idle ones of its ceiling.
func (c *conn) Place() *probe.Place { return &c.place }

// lookAfter is how long a connection must have been idle to be looked at before it is used
// again. After a shorter time, as between two requests of a worker, the look would cost a
// system call per request and find nothing.
const lookAfter = probe.Instant(1e6)

// fit reports whether c, idle until now, can carry another request.
func (c *conn) fit(now probe.Instant) bool {
	return now-c.idleSince < lookAfter && !c.IsInRecord() || c.IsQuiet()
}

// exchange sends the request and reads the whole response on this goroutine.
// Afterwards c.reusable reports whether the connection can carry another.
func (c *conn) exchange(r *probe.Result, x *Exchange) {
	c.x, c.reusable = x, false
	// The last request says "close", so that the server does not keep a connection on which
	// no other request will come (RFC 9112, section 9.6).
	last := c.served+1 == c.pool.Requests
	sendErr := c.send(r, last)
	c.jammed = sendErr != nil
	// A peer that has hung up may have answered first, such as 413 in the middle of an
	// upload. That answer says more than a broken pipe, so it is looked for.
	if sendErr != nil && !wire.PeerHungUp(sendErr) {
		r.Fail(&errcode.PhaseError{Err: sendErr})
		return
	}
	err := c.receive(r)
	// The response is complete, or will never be. In either case the server wants no more
	// of the content.
	complete, uploadErr := c.upload.end(r)
	c.jammed = c.jammed || !complete
	if err == nil {
		err = c.surplus(r)
	}
	if sendErr == nil {
		sendErr = uploadErr
	}
	if err != nil {
		c.fail(r, sendErr, err)
		return
	}
	// A peer that misses a part of the content would take the next request for it. So a
	// connection with a write given up is never used again.
	c.served++
	c.reusable = !c.jammed && !c.ended && !last && c.head.KeepAlive
	c.idleSince = c.readAt
	r.Finish(c.arrived)
}

// fail reports what went wrong first. This is a broken send, unless the peer had begun an
// answer before it hung up, or gave the reason in an alert. In TLS 1.3 a server refuses a
// client's certificate this way.
func (c *conn) fail(r *probe.Result, sendErr, err error) {
	answered := r.Current() == errcode.PhaseTransfer
	if r.Answer != nil && r.HTTP.Status == 0 {
		r.Answer.TakeRaw(c.buf[c.start-c.headSize : c.end])
	}
	if sendErr != nil && !answered && !wire.IsAlert(err) {
		err = sendErr
	}
	r.Fail(&errcode.PhaseError{Err: err, InHeader: answered && r.HTTP.Status == 0})
}

// send writes the request. If the content is too long for one write, a separate goroutine
// goes on writing it.
func (c *conn) send(r *probe.Result, last bool) error {
	r.Enter(errcode.PhaseSend)
	out := c.compose(last)
	if r.Trace != nil {
		c.showRequest(r, out)
	}
	content := c.x.Content
	if content.IsInline() {
		n, err := c.RW.Write(out)
		r.Sent += int64(n)
		if err != nil {
			return err
		}
	} else if done, err := c.sendLong(r, out, content); err != nil || !done {
		return err
	}
	r.Enter(errcode.PhaseProcessing)
	return nil
}

// sendLong writes a header and content too long for one write. It writes as much as there is
// room for, and starts a goroutine for the rest. It reports whether nothing is left.
func (c *conn) sendLong(r *probe.Result, out []byte, content *message.Content) (done bool, err error) {
	var n int
	if c.TLS == nil {
		n, err = c.Stream.WriteAhead(c.upload.ahead(out, content))
		r.Sent += int64(n)
		if err != nil {
			return false, err
		}
	}
	if n < len(out) {
		rest, err := c.RW.Write(out[n:])
		r.Sent += int64(rest)
		if err != nil {
			return false, err
		}
		n = len(out)
	}
	if written := int64(n - len(out)); written < content.Length {
		c.upload.start(c, content, written)
		return false, nil
	}
	return true, nil
}

// compose returns the header to send, with the content if it is short.
func (c *conn) compose(last bool) []byte {
	q := c.x.Request
	message, end := q.keep, q.keepEnd
	if last {
		message, end = q.last, q.lastEnd
	}
	if !c.x.Varying.None() {
		c.out = c.x.appendTo(c.out[:0], message, end)
		return c.out
	}
	return message
}

// receive reads the whole response.
func (c *conn) receive(r *probe.Result) error {
	if err := c.readFinalHeader(r); err != nil {
		return err
	}
	r.HTTP.Status, r.HTTP.Version = c.head.Status, c.head.Version
	c.keepHeader()
	if r.Answer != nil {
		c.showHeader(r)
	}
	return c.readBody(r)
}

// readFinalHeader reads informational responses and the header after them.
func (c *conn) readFinalHeader(r *probe.Result) error {
	if c.buf == nil {
		c.buf = c.pool.buffers.get()
	}
	for range message.MaxInformational + 1 {
		if err := c.readHeader(r); err != nil {
			return err
		}
		if r.Trace != nil && c.head.Status < 200 {
			c.showHeader(r)
		}
		switch {
		// No request has an Upgrade field, so the server must not switch (RFC 9110, section
		// 7.8). What follows would be in an unknown protocol, and might never end.
		case c.head.Status == 101:
			return head.ErrSwitch
		case c.head.Status >= 200:
			return nil
		}
	}
	return head.ErrInformational
}

// fill reads more bytes into the buffer. If the buffer is full, the unread bytes move to
// its front. It grows only if that frees nothing.
func (c *conn) fill(r *probe.Result) error {
	if c.start == c.end {
		c.start, c.end = 0, 0
	}
	if c.end == len(c.buf) {
		c.makeRoom()
	}
	n, err := c.RW.Read(c.buf[c.end:])
	if n > 0 {
		c.ended = err != nil
		c.note(r)
		c.end += n
		r.Received += int64(n)
		return nil
	}
	if err == nil {
		// Callers read until they have enough: a reader that yields nothing, and does not
		// fail, would keep them busy for ever.
		return io.ErrNoProgress
	}
	return err
}

// note notes when the bytes of the last read arrived. With the first bytes the answer
// began.
func (c *conn) note(r *probe.Result) {
	arrival := c.Stream.Arrival()
	at := r.Arrived(arrival)
	if r.Current() != errcode.PhaseTransfer {
		c.upload.note(r, at)
		r.EnterSince(errcode.PhaseTransfer, at)
	}
	// The kernel's clock may say less than the program's did when the phase began. No phase
	// lasts less than nothing.
	c.arrived, c.readAt = max(at, r.Since()), arrival.Read
}

// makeRoom makes room behind the unread bytes. The buffer doubles only for a header,
// since content is consumed as it comes and lines of chunks are short;
// [message.MaxHeaderBytes] bounds that.
func (c *conn) makeRoom() {
	if c.start == 0 {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
		return
	}
	c.end = copy(c.buf, c.buf[c.start:c.end])
	c.start = 0
}

// surplus demands that TLS holds nothing more after the end of the response. TLS yields one
// record at a time at most, so the end of the buffer need not be the end of what has been
// decrypted. Trailing bytes would be the start of the next response.
func (c *conn) surplus(r *probe.Result) error {
	if !c.MayHold() {
		return nil
	}
	switch err := c.WithinTLS(func() error { return c.fill(r) }); {
	case err == nil:
		return errDesync
	// ErrDeadlineExceeded says that TLS would have to read from the socket: it holds
	// nothing.
	case !errors.Is(err, os.ErrDeadlineExceeded):
		c.ended = true
	}
	return nil
}

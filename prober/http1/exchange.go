package http1

import (
	"context"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Exchange is one request over HTTP/1, and what is kept of its response.
type Exchange struct {
	// Request is encoded for this pool's target. Content is what it sends, also if the
	// request has it inline.
	Request *Request
	Content *message.Content
	// Varying says what varies between requests. Stamp has the values for this one.
	Varying *message.Varying
	Stamp   *message.Stamp
	// Bodiless reports whether the response has no body, whatever its header says.
	Bodiless bool
	Kept     *content.Kept // nil if nothing is kept
	// MaxBody is the longest response body to accept, in bytes.
	MaxBody int64
	// reserved is a warm connection kept for the request, or nil.
	reserved *conn
	// Permit is the right to open a connection. The exchanges of a worker share it,
	// whatever the version of HTTP.
	Permit *probe.Permit
}

// Do performs one request over a warm connection, or a new one.
func (p *Pool) Do(ctx context.Context, r *probe.Result, x *Exchange) {
	if c := p.warm(r, x, r.Start); c != nil {
		p.exchange(c, r, x)
		return
	}
	l, err := p.Dial(ctx, r)
	if err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return
	}
	r.Opened = true
	p.Use(l, r, x)
}

// Use performs one request over a link just made. It closes the link if the pool has been
// aborted meanwhile: Abort has not seen this connection.
func (p *Pool) Use(l wire.Link, r *probe.Result, x *Exchange) {
	c := newConn(p, l)
	if !p.conns.Add(c) {
		c.End()
		r.Fail(&errcode.PhaseError{Err: context.Canceled})
		return
	}
	p.exchange(c, r, x)
}

// UseWarm performs one request over a warm connection. It returns false if there is none.
func (p *Pool) UseWarm(r *probe.Result, x *Exchange) bool {
	c := p.warm(r, x, probe.Now())
	if c == nil {
		return false
	}
	p.exchange(c, r, x)
	return true
}

// warm takes an idle connection, nil if there is none. now may be a little late: a
// connection idle for less than that is not looked at.
func (p *Pool) warm(r *probe.Result, x *Exchange, now probe.Instant) *conn {
	c := p.claim(x, now)
	if c == nil {
		c = p.get(now)
	}
	if c == nil {
		return nil
	}
	r.Reused = true
	r.Remote = c.Remote
	c.Stream.Deadline = r.Deadline
	if r.Trace != nil {
		r.Trace.Notef("on the open connection to %s", r.Remote)
	}
	return c
}

// claim takes the reserved warm connection, nil if there is none or it has ended since.
func (p *Pool) claim(x *Exchange, now probe.Instant) *conn {
	c := x.reserved
	if c == nil {
		return nil
	}
	x.reserved = nil
	if c.fit(now) {
		return c
	}
	// The ceiling let this request start because of the connection. So the connection's
	// room goes to the one that is dialled instead, before anybody else can have it: Close
	// finds nothing left to release.
	x.Permit.Hold(c.Stream.Yield())
	p.conns.Close(c)
	return nil
}

// exchange does the request of r on c. Afterwards it gives c back or closes it.
func (p *Pool) exchange(c *conn, r *probe.Result, x *Exchange) {
	defer p.release(c, r)
	c.exchange(r, x)
}

// release gives the connection back or closes it. A panic of the exchange ends
// here, as a failure of this one request.
func (p *Pool) release(c *conn, r *probe.Result) {
	if v := recover(); v != nil {
		c.reusable = false
		// The goroutine of an upload writes to the connection, and counts what it wrote. It
		// must have ended before either is used for something else.
		_, _ = c.upload.end(r)
		r.Fail(&errcode.PhaseError{Err: probe.Panicked(v)})
	}
	// An idle connection must not hold on to what a worker uses again elsewhere.
	c.x = nil
	p.takeBuffer(c)
	if c.reusable && p.conns.Put(c) {
		return
	}
	p.conns.Close(c)
}

// takeBuffer takes the buffer of c, and the header in it.
func (p *Pool) takeBuffer(c *conn) {
	if len(c.before) == 0 { // else the header is in this copy
		c.head.Forget()
	}
	p.buffers.put(c.buf)
	// Nothing points into the next buffer, which may be smaller.
	c.buf, c.start, c.end, c.headSize = nil, 0, 0, 0
}

// Reserve keeps a warm connection for a request about to start. It returns false if there
// is none.
func (p *Pool) Reserve(x *Exchange) bool {
	x.reserved = p.conns.Pop()
	return x.reserved != nil
}

// Unreserve gives back a reserved connection that was not used.
func (p *Pool) Unreserve(x *Exchange) {
	if c := x.reserved; c != nil && !p.conns.Put(c) {
		p.conns.Close(c)
	}
	x.reserved = nil
}

// Withdraw takes an idle connection out of its pool.
func (c *conn) Withdraw(any) bool { return c.pool.conns.Withdraw(c) }

// Evict closes a withdrawn connection.
func (c *conn) Evict() bool {
	kept := c.Stream.Yield()
	c.End()
	return kept
}

package transport

import (
	"context"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// h1exchange is what one request says over HTTP/1, and what is kept of its response.
type h1exchange struct {
	request *request
	content *outgoing
	// varying are the fields that only this request has, with the values in stamp.
	varying *varying
	stamp   *stamp
	// bodiless tells that the response has no body whatever its header says.
	bodiless bool
	kept     *kept // nil where nothing is kept
	// reserved is a warm connection that was kept for the request, or nil.
	reserved *conn
	permit   *probe.Permit
}

// do performs one request over a warm connection, or a new one.
func (p *pool) do(ctx context.Context, r *probe.Result, x *h1exchange) {
	if c := p.warm(r, x, r.Start); c != nil {
		p.exchange(c, r, x)
		return
	}
	l, err := p.dial(ctx, r)
	if err != nil {
		r.Fail(&errcode.PhaseError{Err: err})
		return
	}
	r.Opened = true
	p.use(l, r, x)
}

// use performs one request over a link that was just made.
func (p *pool) use(l link, r *probe.Result, x *h1exchange) {
	c := newConn(p, l)
	if !p.add(c) {
		c.close()
		r.Fail(&errcode.PhaseError{Err: context.Canceled})
		return
	}
	p.exchange(c, r, x)
}

// useWarm performs one request over a warm connection. It returns false if there is none.
func (p *pool) useWarm(r *probe.Result, x *h1exchange) bool {
	c := p.warm(r, x, probe.Now())
	if c == nil {
		return false
	}
	p.exchange(c, r, x)
	return true
}

// warm takes an idle connection, nil if there is none. now may be a little late: what
// was idle for less than that is not looked at.
func (p *pool) warm(r *probe.Result, x *h1exchange, now probe.Instant) *conn {
	c := p.claim(x, now)
	if c == nil {
		c = p.get(now)
	}
	if c == nil {
		return nil
	}
	r.Reused = true
	r.Remote = c.remote
	c.stream.deadline = r.Deadline
	return c
}

// claim takes the warm connection that was reserved, nil if there is none or it has ended
// since.
func (p *pool) claim(x *h1exchange, now probe.Instant) *conn {
	c := x.reserved
	if c == nil {
		return nil
	}
	x.reserved = nil
	if c.fit(now) {
		return c
	}
	x.permit.Hold(c.stream.yield())
	p.close(c)
	return nil
}

// exchange does the request of r on c, which it then gives back or closes.
func (p *pool) exchange(c *conn, r *probe.Result, x *h1exchange) {
	defer p.release(c, r)
	c.exchange(r, x)
}

// release gives the connection back or closes it. A panic of the exchange ends
// here, as a failure of this one request.
func (p *pool) release(c *conn, r *probe.Result) {
	if v := recover(); v != nil {
		c.reusable = false
		_, _ = c.upload.end(r)
		r.Fail(&errcode.PhaseError{Err: probe.Panicked(v)})
	}
	c.x = nil
	if c.reusable && p.put(c) {
		return
	}
	p.close(c)
	p.buffers.put(c.buf)
	c.buf = nil
}

// reserve keeps a warm connection for a request that is about to start. It returns false
// if there is none.
func (p *pool) reserve(x *h1exchange) bool {
	x.reserved = p.pop()
	return x.reserved != nil
}

// unreserve gives back what was reserved and not used.
func (p *pool) unreserve(x *h1exchange) {
	if c := x.reserved; c != nil && !p.put(c) {
		p.close(c)
	}
	x.reserved = nil
}

// Withdraw takes an idle connection out of its pool.
func (c *conn) Withdraw(any) bool { return c.pool.withdraw(c) }

// Evict closes a connection that was withdrawn.
func (c *conn) Evict() bool {
	kept := c.stream.yield()
	c.close()
	return kept
}

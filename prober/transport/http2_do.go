package transport

import (
	"context"
	"errors"

	"example.com/prober/errcode"
)

// do performs one request, over HTTP/2 unless the server chooses otherwise.
func (p *h2pool) do(ctx context.Context, r *Result) {
	if r.Start >= r.Deadline {
		r.fail(&errcode.PhaseError{Err: errTimeout})
		return
	}
	if r.stream == nil {
		r.stream = new(h2stream)
	}
	st := r.stream
	st.begin(r)
	step := p.acquire(st)
	for {
		switch step {
		case stepSend:
			st.exchange(r)
			return
		case stepFail:
			r.refuse(st.refusal)
			return
		case stepNone:
			return
		case stepHTTP1:
			if c := p.t.warm(r); c != nil {
				p.t.exchange(c, r)
				return
			}
			step = p.connect(ctx, r, false)
		case stepDial:
			if err := st.orphaned(); err != nil {
				step = p.failed(r, err, true)
				continue
			}
			step = p.connect(ctx, r, true)
		}
	}
}

// connect makes a connection for r, and for those who wait for it if it is
// counted among the dials under way.
func (p *h2pool) connect(ctx context.Context, r *Result, counted bool) h2step {
	c, err := p.t.dial(ctx, r)
	if err != nil {
		return p.failed(r, err, counted)
	}
	multiplexed, err := p.t.cfg.HTTPVersion.negotiated(c)
	if err == nil && !multiplexed {
		p.answeredHTTP1(counted)
		return p.useHTTP1(c, r)
	}
	var h *h2conn
	if err == nil {
		h, err = p.begin(ctx, c, r)
	}
	if err != nil {
		c.close()
		return p.failed(r, err, counted)
	}
	r.Opened = true
	switch step := p.add(h, r.stream, counted); step {
	case stepSend:
		return step
	case stepFail:
		_ = h.stream.Close() // as after Abort
		r.fail(&errcode.PhaseError{Err: context.Canceled})
		return stepNone
	}
	h.greet()
	r.stream.dialled = h
	r.enter(errcode.PhaseQueue)
	return p.acquire(r.stream)
}

// orphaned returns why the connection that st has dialled, and could not be opened
// on, has ended. A request does not dial again for that.
func (st *h2stream) orphaned() error {
	if st.dialled == nil || !st.dialled.hasEnded() {
		return nil
	}
	c := st.dialled
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.goAway != nil {
		return *c.goAway
	}
	return errNoUse
}

func (p *h2pool) failed(r *Result, err error, counted bool) h2step {
	r.fail(&errcode.PhaseError{Err: err})
	if counted {
		own := r.End >= r.Deadline || errors.Is(err, context.Canceled) || r.Opened
		p.dialFailed(errcode.PhaseError{Phase: r.phase, Err: err}, own)
	}
	return stepNone
}

func (p *h2pool) useHTTP1(c *conn, r *Result) h2step {
	r.Opened = true
	if p.t.pool.add(c) {
		p.t.exchange(c, r)
		return stepNone
	}
	c.close()
	r.fail(&errcode.PhaseError{Err: context.Canceled})
	return stepNone
}

// exchange sends the request of st, which is open, waits for the whole response,
// and fills in r.
func (st *h2stream) exchange(r *Result) {
	r.Remote, r.Reused = st.conn.remote, !r.Opened
	opened := max(r.Start, r.since)
	if st.waited {
		opened = Now()
	}
	r.enterAt(errcode.PhaseSend, opened)
	sentAt := opened
	if !st.handedOver {
		sentAt = st.conn.send(st)
	}
	for !st.ended.Load() {
		<-st.wake
	}
	st.report(r, sentAt)
}

// report tells r what the exchange came to; sentAt is 0 if the request was not
// sent to its end. The response may have begun before this worker could note
// that its request was sent.
func (st *h2stream) report(r *Result, sentAt Instant) {
	r.Sent += st.sent
	r.Received += st.received
	if st.status != 0 {
		r.Status, r.Version = st.status, HTTP2
	}
	if sentAt != 0 {
		if st.firstAt != 0 {
			sentAt = max(min(sentAt, st.firstAt), r.since)
		}
		r.enterAt(errcode.PhaseProcessing, sentAt)
	}
	if st.firstAt != 0 {
		r.enterAt(errcode.PhaseTransfer, max(st.firstAt, r.since))
	}
	if st.err != nil {
		r.fail(&errcode.PhaseError{Err: st.err})
		return
	}
	r.finish(max(st.lastAt, r.since))
}

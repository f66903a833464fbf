package http2

import (
	"context"
	"errors"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// Do performs one request, over HTTP/2 unless the server chooses otherwise. If the server says that it has not
// processed the request, Do sends it once more.
func (p *Pool) Do(ctx context.Context, r *probe.Result, x *Exchange) {
	if r.Start >= r.Deadline {
		r.Fail(&errcode.PhaseError{Err: errTimeout})
		return
	}
	if x.stream == nil {
		x.stream = new(stream)
	}
	if again := p.send(ctx, r, x); again {
		r.Resend()
		p.send(ctx, r, x)
	}
}

// send sends the request once. If again is true, the request must be sent again and has not failed yet.
func (p *Pool) send(ctx context.Context, r *probe.Result, x *Exchange) (again bool) {
	st := x.stream
	st.begin(r, x)
	step := p.acquire(st, x)
	for {
		switch step {
		case stepSend:
			return st.exchange(r)
		case stepFail:
			r.Refuse(st.refusal)
			return false
		case stepNone:
			return false
		case stepHTTP1:
			if p.HTTP1.UseWarmHTTP1(r) {
				return false
			}
			step = p.connect(ctx, r, x)
		case stepDial:
			if err := st.orphaned(); err != nil {
				step = p.failed(r, st, err)
				continue
			}
			step = p.connect(ctx, r, x)
		}
	}
}

// connect makes a connection for r. If the worker has taken a dial, the connection is also for the waiters.
func (p *Pool) connect(ctx context.Context, r *probe.Result, x *Exchange) step {
	st := x.stream
	if next := p.await(ctx, r, x); next != stepDial {
		return next
	}
	l, err := p.Dial(ctx, r)
	if err != nil {
		return p.failed(r, st, err)
	}
	r.Opened = true
	var h *conn
	taken := false
	defer func() {
		if !taken {
			l.Close(false)
		}
		if !taken && h != nil {
			h.shut(errNoUse)
		}
	}()
	multiplexed, err := p.Negotiated(&l)
	if err == nil && !multiplexed {
		taken = true
		p.answeredHTTP1(st)
		p.HTTP1.UseHTTP1(l, r)
		return stepNone
	}
	if err == nil {
		h, err = p.begin(ctx, l, r)
	}
	if err != nil {
		return p.failed(r, st, err)
	}
	step := p.add(h, st)
	switch step {
	case stepSend:
		taken = true
		return step
	case stepFail: // as after Abort
		r.Fail(&errcode.PhaseError{Err: context.Canceled})
		return stepNone
	}
	taken = true
	h.greet()
	st.dialled = h
	r.Enter(errcode.PhaseQueue)
	return p.acquire(st, x)
}

// orphaned returns why the connection that st dialled has ended before st could open a stream on it. The request does
// not dial a second time.
func (st *stream) orphaned() error {
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

func (p *Pool) failed(r *probe.Result, st *stream, err error) step {
	r.Fail(&errcode.PhaseError{Err: err})
	// The waiters have other deadlines and other contexts, and have not used up their dial.
	own := r.End >= r.Deadline || errors.Is(err, context.Canceled) || st.dialled != nil
	p.dialFailed(st, errcode.PhaseError{Phase: r.Current(), Err: err}, own)
	return stepNone
}

// exchange sends the request of st, whose stream is open, waits for the whole response, and fills in r. It returns true
// if the request must be sent again because the server has not processed it.
func (st *stream) exchange(r *probe.Result) (again bool) {
	r.Remote, r.Reused = st.conn.remote, !r.Opened
	opened := max(r.Start, r.Since())
	if st.waited {
		opened = probe.Now()
	}
	r.EnterAt(errcode.PhaseSend, opened)
	if st.handedOver {
		st.sentAt = opened
	} else {
		st.conn.send(st)
	}
	// A signal may be late. The timer of the pool ends the stream at its deadline, so this wait ends whatever the peer
	// does.
	for !st.ended.Load() {
		perturb()
		<-st.wake
	}
	return st.report(r)
}

// report fills in r with the result of the exchange. The response may have begun before the end of the sending was
// noted.
func (st *stream) report(r *probe.Result) (again bool) {
	r.Sent += st.sent
	r.Received += st.received
	if st.status != 0 {
		r.HTTP.Status, r.HTTP.Version = st.status, probe.HTTP2
	}
	if st.sentAt != 0 {
		r.EnterAt(errcode.PhaseProcessing, max(st.sentAt, r.Since()))
	}
	if began := st.beganAt(); began.Read != 0 {
		r.EnterSince(errcode.PhaseTransfer, r.Arrived(began))
	}
	switch {
	case st.err == nil:
		r.Finish(max(r.Arrived(st.last), r.Since()))
	// Once only: a server that ends each connection would otherwise be sent the request for ever.
	case st.unprocessed && !r.HTTP.Resent:
		return true
	case r.Reused && !st.hasBegun():
		r.Fail(&errcode.PhaseError{Err: endedReused(st.err)})
	default:
		r.Fail(&errcode.PhaseError{Err: st.err})
	}
	return false
}

// beganAt returns the arrival at the start of the phase transfer, or the zero value if nothing arrived.
func (st *stream) beganAt() probe.Arrival {
	if st.call != nil {
		return st.call.Began()
	}
	return st.first
}

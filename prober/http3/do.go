package http3

import (
	"context"
	"crypto/tls"
	"errors"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Do performs one request. If the server says that it has not processed the request, Do sends it
// once more.
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

// send sends the request once. If again is true, the request must be sent again and has not
// failed yet.
func (p *Pool) send(ctx context.Context, r *probe.Result, x *Exchange) (again bool) {
	st := x.stream
	st.begin(r, x)
	next := p.acquire(st, x)
	for {
		switch next {
		case stepSend:
			again = st.exchange(ctx, r)
			p.leave(st) // Withdraw does so after a panic
			return again
		case stepFail:
			r.Refuse(st.refusal)
			return false
		case stepNone:
			return false
		case stepDial:
			if st.dialled != nil && st.dialled.hasEnded() {
				next = p.failed(r, st, st.dialled.failure(errNoUse)) // a request does not dial a second time
				continue
			}
			next = p.connect(ctx, r, x)
		}
	}
}

// connect makes a connection for r. If the worker has taken a dial, the connection is also for
// the waiters.
func (p *Pool) connect(ctx context.Context, r *probe.Result, x *Exchange) step {
	st := x.stream
	if next := p.await(ctx, r, x); next != stepDial {
		return next
	}
	var c *conn
	err := p.Dial(ctx, r, func(ctx context.Context, socket *wire.Datagrams, cfg *tls.Config) (err error) {
		// A request sent a second time does without early data: the server may just have
		// dropped it.
		c, err = p.greet(ctx, socket, cfg, p.EarlyData && !r.HTTP.Resent)
		return err
	})
	if err != nil {
		return p.failed(r, st, err)
	}
	r.Opened = true
	c.remote = r.Remote
	next := p.add(c, st)
	// The stream for early data is open, or will not be.
	c.socket.LetGo()
	switch next {
	case stepFail: // as after Abort
		c.shut(context.Canceled)
		r.Fail(&errcode.PhaseError{Err: context.Canceled})
		return stepNone
	case stepWait:
		st.dialled = c
		r.Enter(errcode.PhaseQueue)
		return p.acquire(st, x)
	}
	return next
}

func (p *Pool) failed(r *probe.Result, st *stream, err error) step {
	r.Fail(&errcode.PhaseError{Err: err})
	// The waiters have other deadlines and other contexts, and have not used up their dial.
	own := r.End >= r.Deadline || errors.Is(err, context.Canceled) || st.dialled != nil
	p.dialFailed(st, errcode.PhaseError{Phase: r.Current(), Err: err}, own)
	return stepNone
}

// exchange sends the request of st, which has a place, waits for the whole response, and fills in
// r. It returns true if the request must be sent again because the server has not processed it.
func (st *stream) exchange(ctx context.Context, r *probe.Result) (again bool) {
	c := st.conn
	r.Remote, r.Reused = c.remote, !r.Opened
	if st.late {
		if err := c.openLate(ctx, st); err != nil {
			return st.report(r, 0, err)
		}
	}
	// A request that did not wait begins at its start, or at its last change of phase:
	// there is no need to look at the clock again.
	begun := max(r.Start, r.Since())
	if st.waited {
		begun = probe.Now()
	}
	r.EnterAt(errcode.PhaseSend, begun)
	st.heard = c.quic.ConnectionStats().PacketsReceived
	st.open(st.quic, c)
	if r.Trace != nil {
		st.showRequest(r)
	}
	err := st.send()
	if err == nil {
		err = st.receive()
	}
	sentAt := st.end(err)
	if r.Opened && r.TLS == nil { // the handshake went on meanwhile
		r.TLS = c.socket.Shown()
	}
	return st.report(r, sentAt, err)
}

// report fills in r with the result of the exchange. sentAt is 0 if the request was not sent
// completely. The response may have begun before that.
func (st *stream) report(r *probe.Result, sentAt probe.Instant, err error) (again bool) {
	r.Sent += st.upload.sent
	r.Received += st.received
	if st.status != 0 {
		r.HTTP.Status, r.HTTP.Version = st.status, probe.HTTP3
	}
	if sentAt != 0 {
		r.EnterAt(errcode.PhaseProcessing, max(sentAt, r.Since()))
	}
	if st.hasBegun() {
		r.EnterSince(errcode.PhaseTransfer, r.Arrived(st.first))
	}
	switch {
	case err == nil:
		r.Finish(max(r.Arrived(st.last), r.Since()))
	// Once only: a server that refuses every request would otherwise be sent it for ever.
	case st.isUnprocessed(err) && !r.HTTP.Resent:
		return true
	default:
		r.Fail(&errcode.PhaseError{Err: st.failure(err)})
	}
	return false
}

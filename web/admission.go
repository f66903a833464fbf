package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// slowAfter is how long a client may take to read an answer while others want its
// place.
const slowAfter = 5 * time.Second

// errDisplaced is why the context of a request ends that has to make room for that of
// another client.
var errDisplaced = errors.New("another client has fewer requests under way")

// admission bounds how many requests are under way in some part of the shell. No client
// keeps others out: one that asks while all places are taken gets that of the client
// which has most of them.
type admission struct {
	most int

	mu    sync.Mutex
	taken []*place // the oldest first
}

// place is what a request has from its admission to its end.
type place struct {
	of *admission
	// client is a connection, over which many requests may come at once, and host the
	// other end of many connections.
	client, host string
	cancel       context.CancelCauseFunc
	answeredAt   time.Time // when the answer began; zero before
}

// admit returns a place for r, and the context of r that also ends when the place goes
// to another. It reports whether there is one. The place is to be given back.
func (a *admission) admit(r *http.Request) (ctx context.Context, p *place, ok bool) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	p = &place{of: a, client: r.RemoteAddr, host: host}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.taken) >= a.most && !a.displace(p) {
		return nil, nil, false
	}
	ctx, p.cancel = context.WithCancelCause(r.Context())
	a.taken = append(a.taken, p)
	return ctx, p, true
}

// displace takes the place of another client for p, if one has at least two more. Where
// all have as many it takes one whose client is slow to read. mu is held.
func (a *admission) displace(p *place) bool {
	if greedy := a.greediest(func(p *place) string { return p.host }, p.host); greedy != nil {
		a.end(greedy)
		return true
	}
	if greedy := a.greediest(func(p *place) string { return p.client }, p.client); greedy != nil {
		a.end(greedy)
		return true
	}
	for _, q := range a.taken {
		if !q.answeredAt.IsZero() && time.Since(q.answeredAt) >= slowAfter {
			a.end(q)
			return true
		}
	}
	return false
}

// greediest returns the oldest place of the one who has most of them, or nil if that
// would then have fewer than who asks.
func (a *admission) greediest(of func(*place) string, asks string) *place {
	have := map[string]int{}
	for _, p := range a.taken {
		have[of(p)]++
	}
	var most *place
	for _, p := range a.taken {
		if most == nil || have[of(p)] > have[of(most)] {
			most = p
		}
	}
	if have[of(most)] < have[asks]+2 {
		return nil
	}
	return most
}

func (a *admission) end(p *place) {
	p.cancel(errDisplaced)
	a.remove(p)
}

func (a *admission) remove(p *place) {
	for i, q := range a.taken {
		if p == q {
			a.taken = append(a.taken[:i], a.taken[i+1:]...)
			return
		}
	}
}

// giveBack makes the place free.
func (p *place) giveBack() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.cancel(nil)
	p.of.remove(p)
}

// answer writes body as the answer until ctx ends. A client that did not get all of it
// has no answer.
func (p *place) answer(ctx context.Context, w http.ResponseWriter, body ...[]byte) {
	p.of.mu.Lock()
	p.answeredAt = time.Now()
	p.of.mu.Unlock()
	control := http.NewResponseController(w)
	stop := context.AfterFunc(ctx, func() { _ = control.SetWriteDeadline(time.Now()) }) // who cannot be cut off has no network to wait for
	var err error
	for _, piece := range body {
		if _, err = w.Write(piece); err != nil {
			break
		}
	}
	if !stop() || err != nil {
		panic(http.ErrAbortHandler)
	}
}

// gaveUp ends the handling of a request whose context has ended: with words where the
// request had to make room, without any where the client has gone.
func gaveUp(ctx context.Context, refuse func()) {
	if !errors.Is(context.Cause(ctx), errDisplaced) {
		panic(http.ErrAbortHandler)
	}
	refuse()
}

package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// slowAfter is how long a client may take to read an answer while others want its place.
const slowAfter = 5 * time.Second

// errDisplaced is the cause of a context's end if its request has to make room for
// another client.
var errDisplaced = errors.New("another client has fewer requests under way")

// admission bounds how many requests are under way in some part of the shell. No client
// keeps others out: if all places are taken, a new client gets a place of the client with
// the most places.
type admission struct {
	most int

	mu    sync.Mutex
	taken []*place // the oldest first
}

// place belongs to a request from its admission to its end.
type place struct {
	of *admission
	// client is a connection: many requests may come over it at once. host is the other
	// end of many connections.
	client, host string
	cancel       context.CancelCauseFunc
	answeredAt   time.Time // when the answer began; zero before
}

// admit returns a place for r, and the context of r. The context also ends when another
// request gets the place. ok is false if there is no place. The caller must give the
// place back.
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

// displace takes a place for p from another client with at least two more places. If all
// have about as many, it takes the place of a client that reads slowly. mu is held. Hosts
// come first: a host with many connections is one client. Behind a proxy all clients have
// one host, and then connections count.
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

// greediest returns the oldest place of the owner with the most places. It returns nil if
// the owner would then have fewer places than asks. Two more, since with one more the two
// clients would go on displacing each other.
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

// answer writes body as the answer until ctx ends. If the client does not get all of it,
// answer aborts the handler: a part of an answer is none.
func (p *place) answer(ctx context.Context, w http.ResponseWriter, body ...[]byte) {
	p.of.mu.Lock()
	p.answeredAt = time.Now()
	p.of.mu.Unlock()
	// A write to a client that does not read ends at this deadline and at no context.
	control := http.NewResponseController(w)
	stop := context.AfterFunc(ctx, func() { _ = control.SetWriteDeadline(time.Now()) }) // an error means that w has no network connection to wait for
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

// gaveUp ends the handling of a request with an ended context. If the request had to make
// room, it calls refuse. If the client has left, it aborts.
func gaveUp(ctx context.Context, refuse func()) {
	if !errors.Is(context.Cause(ctx), errDisplaced) {
		panic(http.ErrAbortHandler)
	}
	refuse()
}

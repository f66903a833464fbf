package load

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/prober/probe"
)

// maxOvertaken is how many requests without need of a new connection may start before an
// earlier request that waits for a connection. Then no other starts before it. So
// connections become idle, and one of them can be closed for it.
const maxOvertaken = 1000

// gate lets requests start. Each request takes all it needs of the ceilings at once, or
// nothing, so no request holds what another could use. Waiting requests are served in the
// order in which they came. A request that was sent already, and goes on after a redirect,
// comes first.
//
// Lock its mutex before those of transports, never after.
type gate struct {
	most int // requests in flight; 0 is no ceiling
	// waiting is the length of queue, to be read without mu; woken means that a goroutine is
	// about to serve it.
	waiting atomic.Int32
	woken   atomic.Bool

	mu       sync.Mutex
	rate     *window
	inFlight int
	queue    []*Ticket // of requests that need everything
	patient  int       // how many patient ones are in queue
	places   uint64    // how many there have been
	hops     []*Ticket // of started requests; they need the rate only
	timer    *time.Timer
}

// Ticket stands for a worker at the gate, for one request after another.
type Ticket struct {
	result *probe.Result
	// engine reserves what the request needs to be sent; nil if connections have no ceiling.
	// shares means that the request may do without a connection of its own.
	engine probe.Reserver
	shares bool
	// patient means that the worker waits for each ceiling. Others wait for connections, and
	// for other ceilings if patient workers would otherwise get everything first.
	patient bool
	// The worker waits until Until, unless that is 0, or until cut is closed.
	Until probe.Instant
	cut   <-chan struct{}

	granted chan struct{} // holds a token once admitted

	// The gate owns the rest.
	admitted  bool
	overtaken int
	// place orders the queue, 0 if t has none. A worker whose request ran out of time in the
	// queue keeps its place for the next one: behind a crowd every request would run out of
	// time.
	place uint64
}

// join puts t into the queue, and reports whether it has got through at once. If not, lack
// is the ceiling in the way. If the request does not wait for that ceiling, join takes it
// out of the queue again.
func (g *gate) join(t *Ticket) (lack DropReason, ok, waits bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.insert(t)
	g.serve()
	if t.admitted {
		<-t.granted
		return 0, true, false
	}
	lack = DropLimitConnections
	switch {
	case !g.hasRoom():
		lack = DropLimitInFlight
	case g.rate.wait(probe.Now()) > 0:
		lack = DropLimitRate
	}
	waits = lack == DropLimitConnections || g.patient > 0
	if !waits {
		g.remove(slices.Index(g.queue, t))
		t.place = 0
	}
	return lack, false, waits
}

// insert puts t at its place, mostly at the end; mu is held.
func (g *gate) insert(t *Ticket) {
	t.admitted = false
	if t.place == 0 {
		g.places++
		t.place, t.overtaken = g.places, 0
	}
	i := len(g.queue)
	for i > 0 && g.queue[i-1].place > t.place {
		i--
	}
	g.queue = slices.Insert(g.queue, i, t)
	g.count(t, 1)
}

// remove takes the ticket at i out of the queue; mu is held.
func (g *gate) remove(i int) {
	g.count(g.queue[i], -1)
	g.queue = slices.Delete(g.queue, i, i+1)
}

// count updates the numbers of the queue; mu is held.
func (g *gate) count(t *Ticket, more int32) {
	g.waiting.Add(more)
	if t.patient {
		g.patient += int(more)
	}
}

// wait waits until t gets through, and reports whether it has.
func (g *gate) wait(ctx context.Context, t *Ticket) bool {
	var expired <-chan time.Time
	if t.Until != 0 {
		timer := time.NewTimer(t.Until.Sub(probe.Now()))
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case <-t.granted:
		return true
	case <-ctx.Done():
	case <-t.cut:
	case <-expired:
	}
	return g.quit(t)
}

// quit takes t out of the queue, and reports whether it had got through before.
func (g *gate) quit(t *Ticket) (admitted bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.admitted {
		<-t.granted
		return true
	}
	if i := slices.Index(g.queue, t); i >= 0 {
		g.remove(i)
		g.serve() // it may have held up tickets behind it
	} else if i := slices.Index(g.hops, t); i >= 0 {
		g.hops = slices.Delete(g.hops, i, i+1)
	}
	return false
}

// pass waits until the rate lets a further request of a chain through, at most until the
// given time, and reports whether it did.
func (g *gate) pass(ctx context.Context, until probe.Instant) bool {
	if g.rate == nil {
		return true
	}
	t := &Ticket{Until: until, granted: make(chan struct{}, 1)}
	g.mu.Lock()
	g.hops = append(g.hops, t)
	g.serve()
	g.mu.Unlock()
	return g.wait(ctx, t)
}

// leave makes room for a request in flight.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	g.serve()
}

// wake serves the queue after a change of the connections. The caller may hold any lock
// except that of the gate.
func (g *gate) wake() {
	if g.waiting.Load() > 0 && g.woken.CompareAndSwap(false, true) {
		go g.rouse()
	}
}

func (g *gate) rouse() {
	g.woken.Store(false)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.serve()
}

// serve admits tickets that can have everything; mu is held. Call it after every change of
// its inputs.
func (g *gate) serve() {
	now := probe.Now()
	for len(g.hops) > 0 && g.rate.wait(now) == 0 {
		g.rate.note(now)
		g.hops[0].admit()
		g.hops = slices.Delete(g.hops, 0, 1)
	}
	scarce := false // there is no free connection, but perhaps a place on an open one
	for i := 0; i < len(g.queue) && g.hasRoom() && g.rate.wait(now) == 0; {
		t := g.queue[i]
		if t.reserve(scarce) {
			g.start(i, now)
			continue
		}
		if t.overtaken >= maxOvertaken {
			break
		}
		scarce = true
		i++
	}
	if wait := g.rate.wait(now); wait > 0 && len(g.queue)+len(g.hops) > 0 {
		g.arm(wait)
	}
}

// start admits the ticket at i; mu is held.
func (g *gate) start(i int, now probe.Instant) {
	t := g.queue[i]
	if i > 0 {
		g.queue[0].overtaken++
	}
	g.rate.note(now)
	g.inFlight++
	g.remove(i)
	t.place = 0
	t.admit()
}

func (g *gate) hasRoom() bool { return g.most <= 0 || g.inFlight < g.most }

// arm has the queue served when the rate admits the next request; mu is held.
func (g *gate) arm(wait time.Duration) {
	if g.timer == nil {
		g.timer = time.AfterFunc(wait, g.rouse)
		return
	}
	g.timer.Reset(wait)
}

// holding returns what the gate holds.
func (g *gate) holding() Holding {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Holding{InFlight: g.inFlight, Waiting: len(g.queue), Patient: g.patient, Hops: len(g.hops)}
}

func (g *gate) use(now probe.Instant) (inFlight, rate float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return float64(g.inFlight), g.rate.used(now)
}

func (t *Ticket) admit() {
	t.admitted = true
	t.granted <- struct{}{}
}

// IsOver reports whether it is too late for the request to start.
func (t *Ticket) IsOver(now probe.Instant) bool { return t.Until != 0 && now >= t.Until }

// Lead has r reserve the connections for the next request of t; a nil r has no ceiling.
func (t *Ticket) Lead(r probe.Reserver) {
	t.engine = r
	if r != nil {
		t.shares = r.Shares()
	}
}

// reserve takes what the request needs to be sent, or nothing.
func (t *Ticket) reserve(scarce bool) bool {
	switch {
	case t.engine == nil:
		return true
	case scarce && !t.shares:
		return false
	}
	return t.engine.Reserve(t.result)
}

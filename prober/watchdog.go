package prober

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// stuckAfter is how far beyond its deadline an engine may hold a request. Engines end by
// the timers of the runtime, and a busy machine makes these late: below a second that is no
// bug.
const stuckAfter = time.Second

// errStuck is the failure of a request that was taken from its engine.
var errStuck = errcode.New(errcode.Stuck, "the engine held the request a second beyond its deadline")

// worker sends the requests of one burst one after another.
type worker struct {
	result probe.Result
	pass   *load.Ticket // for its requests, one after another
	cancel context.CancelFunc
	// answer records answers; nil until one is wanted.
	answer *probe.Answer
	// goroutine is the number of this worker's goroutine in stacks.
	goroutine []byte
	// request, due, start and deadline belong to the request in the engine; journey is the
	// journey of this step. They are written before until.
	request              int
	due, start, deadline probe.Instant
	journey              journey
	// until is the deadline of that request: idle without a request, taken after the
	// watchdog has ended it.
	until atomic.Int64
}

const (
	idle  = 0
	taken = -1
)

// answerOf returns a recorder of answers with at most body bytes of the body.
func (w *worker) answerOf(body int) *probe.Answer {
	if w.answer == nil || w.answer.Most() != body {
		w.answer = probe.NewAnswer(body)
	}
	return w.answer
}

// begin notes that the engine has the request of r now.
func (w *worker) begin(r *probe.Result) {
	w.request, w.due, w.start, w.deadline = r.Request, r.Due, r.Start, r.Deadline
	// The store comes last: the watchdog reads the other fields after it has seen this one.
	w.until.Store(int64(r.Deadline))
}

// end notes that the engine has returned the request. It reports whether the worker still
// has to count it. One swap decides between the worker and the watchdog, so a request is
// counted once.
func (w *worker) end() bool { return w.until.Swap(idle) != taken }

// take ends the request from outside if its time has passed at now, and reports whether it
// did. The worker leaves when it comes back, if ever. Time in which the process did not run
// does not count. next is the earliest time to look again.
func (w *worker) take(now probe.Instant, freezes *watch) (next probe.Instant, isStuck bool) {
	until := w.until.Load()
	if until == idle || until == taken {
		return 0, false
	}
	next = probe.Instant(until).Add(stuckAfter)
	if now >= next {
		next = next.Add(freezes.within(next.Add(-stuckAfter), now))
	}
	if now < next {
		return next, false
	}
	return 0, w.until.CompareAndSwap(until, taken)
}

// watchdog runs the workers of a burst. If a worker hangs in an engine, watchdog takes the
// request from it and has another worker go on. The hung worker stays behind until it comes
// back.
type watchdog struct {
	work func(context.Context, *worker)
	// stuck ends a request that was taken from its worker, and reports whether another
	// worker may take its place.
	stuck    func(*worker) (replace bool)
	requests context.Context //nolint:containedctx // of the workers, which are started later too
	freezes  *watch
	done     chan struct{} // closed when no worker is left

	mu      sync.Mutex
	workers []*worker
}

func newWatchdog(requests context.Context, work func(context.Context, *worker), stuck func(*worker) bool, freezes *watch) *watchdog {
	return &watchdog{work: work, stuck: stuck, requests: requests, freezes: freezes, done: make(chan struct{})}
}

// run starts so many workers and returns when they have ended or were given up. It looks at
// them at least once in each period.
func (d *watchdog) run(workers int, period time.Duration) {
	if workers <= 0 {
		return
	}
	d.mu.Lock()
	for range workers {
		d.start()
	}
	d.mu.Unlock()
	timer := time.NewTimer(period)
	defer timer.Stop()
	for {
		select {
		case <-d.done:
			return
		case <-timer.C:
			timer.Reset(d.look(period))
		}
	}
}

// start starts a worker; mu is held.
func (d *watchdog) start() {
	ctx, cancel := context.WithCancel(d.requests)
	w := &worker{cancel: cancel}
	d.workers = append(d.workers, w)
	go func() {
		defer cancel()
		w.goroutine = goroutineNumber()
		d.work(ctx, w)
		d.leave(w)
	}()
}

// leave takes w out, if it was not given up.
func (d *watchdog) leave(w *worker) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, other := range d.workers {
		if other == w {
			d.remove(i)
			return
		}
	}
}

func (d *watchdog) remove(i int) {
	last := len(d.workers) - 1
	d.workers[i] = d.workers[last]
	d.workers[last] = nil
	d.workers = d.workers[:last]
	if last == 0 {
		close(d.done)
	}
}

// look gives up the workers whose requests are beyond their time, and returns the time until
// the next look.
func (d *watchdog) look(period time.Duration) time.Duration {
	now := probe.Now()
	wait := period
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.workers) - 1; i >= 0; i-- {
		w := d.workers[i]
		next, isStuck := w.take(now, d.freezes)
		if next != 0 {
			wait = min(wait, next.Sub(now))
		}
		if !isStuck {
			continue
		}
		w.cancel()
		if d.stuck(w) {
			d.start()
		}
		d.remove(i)
	}
	return max(wait, time.Millisecond)
}

// goroutineNumber returns the number of the calling goroutine as in stacks.
func goroutineNumber() []byte {
	const longest = len("goroutine 18446744073709551615 ")
	var text [longest]byte
	number, _ := bytes.CutPrefix(text[:runtime.Stack(text[:], false)], []byte("goroutine "))
	end := max(bytes.IndexByte(number, ' '), 0)
	return bytes.Clone(number[:end])
}

// stackOf returns the stack of a goroutine, "" if there is none.
func stackOf(number []byte) string {
	// The stacks of all goroutines are taken, since the runtime gives that of a single one
	// to itself alone.
	const most = 64 << 20
	text := make([]byte, 1<<20)
	n := runtime.Stack(text, true)
	for n == len(text) && n < most {
		text = make([]byte, 2*len(text))
		n = runtime.Stack(text, true)
	}
	head := append([]byte("goroutine "), number...)
	for part := range bytes.SplitSeq(text[:n], []byte("\n\n")) {
		if rest, ok := bytes.CutPrefix(part, head); ok && bytes.HasPrefix(rest, []byte(" ")) {
			return string(part)
		}
	}
	return ""
}

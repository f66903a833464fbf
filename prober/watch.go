package prober

import (
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/prober/probe"
)

const (
	// beatEvery is how often the watch wakes while bursts are under way.
	beatEvery = 100 * time.Millisecond
	// frozenAfter is how long the watch may sleep before the process counts as frozen:
	// a busy machine is late too, though seldom by that much.
	frozenAfter = 250 * time.Millisecond
	// keptFreezes bounds how many freezes are remembered one by one.
	keptFreezes = 16
)

// watch notices that the process did not run: a signal or a debugger stopped it, its
// cgroup was frozen or had no processor time left, its machine stood still. While
// bursts are under way it wakes every beatEvery. If it wakes too late, nobody else can
// have been in time either. It does no work per request: to get the answer, look at the
// time since the last beat. So the answer is right even before the watch itself has
// woken after a freeze.
//
// All of it is on the monotonic clock, like the times of requests. That clock stands
// still while the machine is suspended, and so does the time of every request. The zero
// watch is ready for use; a nil watch notices nothing.
type watch struct {
	last  atomic.Int64 // the [probe.Instant] of the last beat; 0 while no burst is under way
	until atomic.Int64 // the end of the latest freeze

	mu      sync.Mutex
	bursts  int           // under way
	stop    chan struct{} // closed to end the goroutine of run
	stopped chan struct{} // closed when it has ended
	freezes []freeze      // a ring from keptFreezes on
	noted   int           // how many freezes there were
	lost    time.Duration // how long all of them took
}

// freeze is a time in which the process did not run. It begins with the last beat
// before it, at most beatEvery too early.
type freeze struct{ from, to probe.Instant }

// enter has the watch beat until leave was called as often as enter.
func (w *watch) enter() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bursts++
	if w.bursts > 1 {
		return
	}
	w.last.Store(int64(probe.Now()))
	stop, stopped := make(chan struct{}), make(chan struct{})
	w.stop, w.stopped = stop, stopped
	go func() {
		defer close(stopped)
		w.run(stop)
	}()
}

// leave takes back one call of enter. The last one waits until nothing beats.
func (w *watch) leave() {
	if w == nil {
		return
	}
	w.look()
	w.mu.Lock()
	w.bursts--
	if w.bursts > 0 {
		w.mu.Unlock()
		return
	}
	// From here on nothing beats, so the time between bursts is never taken for a freeze.
	w.last.Store(0)
	close(w.stop)
	stopped := w.stopped
	w.mu.Unlock()
	<-stopped
}

func (w *watch) run(stop <-chan struct{}) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.beat(probe.Now())
		case <-stop:
			return
		}
	}
}

// look beats at once if the last beat was too long ago.
func (w *watch) look() {
	now := probe.Now()
	if last := w.last.Load(); last != 0 && now.Sub(probe.Instant(last)) > frozenAfter {
		w.beat(now)
	}
}

// beat notes that the process runs, and the freeze before it, if there was one.
func (w *watch) beat(now probe.Instant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := probe.Instant(w.last.Load())
	if last == 0 || now <= last {
		return // no burst is under way any more, or somebody else has been here
	}
	if now.Sub(last) > frozenAfter {
		w.note(freeze{last, now}) // before the beat: whoever sees the beat finds the freeze noted
	}
	w.last.Store(int64(now))
}

// note records a freeze. A freeze right after another, without a good beat between,
// extends the other: a starved process is late again and again.
func (w *watch) note(f freeze) {
	w.lost += f.to.Sub(f.from)
	w.until.Store(int64(f.to))
	if w.noted > 0 {
		if before := &w.freezes[(w.noted-1)%keptFreezes]; before.to == f.from {
			before.to = f.to
			return
		}
	}
	if len(w.freezes) < keptFreezes {
		w.freezes = append(w.freezes, f)
	} else {
		w.freezes[w.noted%keptFreezes] = f
	}
	w.noted++
}

// within returns how long the process did not run between two moments.
func (w *watch) within(from, to probe.Instant) (frozen time.Duration) {
	if w == nil {
		return 0
	}
	w.look()
	if probe.Instant(w.until.Load()) <= from {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, f := range w.freezes {
		frozen += max(min(f.to, to).Sub(max(f.from, from)), 0)
	}
	return frozen
}

// total returns how long the process did not run during bursts since it started.
func (w *watch) total() time.Duration {
	if w == nil {
		return 0
	}
	w.look()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost
}

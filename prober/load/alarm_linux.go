package load

import (
	"container/heap"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"example.com/prober/prober/probe"
)

// spinFor is how long a target with spin spins at the end of a wait: longer than a
// sleeping thread takes to wake.
const spinFor = 100 * time.Microsecond

// alarm signals wakeups at the right time in an idle process. The runtime's timers are up
// to a millisecond late then, because the runtime waits in its poller, and the poller
// counts in whole milliseconds. So the alarm is a timer of the kernel; the poller
// watches it like a socket. Blocking a thread in a system call instead would keep a
// processor of the runtime from everybody else: answers would be noticed late, and
// requests of other targets sent late.
//
// It takes a descriptor and a goroutine while wakeups wait, and for a moment
// longer. The zero alarm is ready for use.
type alarm struct {
	mu      sync.Mutex
	wakeups wakeups
	clock   syscall.RawConn  // a timerfd; nil without one
	reset   func(fd uintptr) // set, as a value made once
}

// linger is how long the alarm stays without a wakeup that waits.
const linger = 100 * time.Millisecond

// wakeup is signalled for one waiter. It belongs to one alarm.
type wakeup struct {
	signalled chan struct{} // has room for one
	at        probe.Instant
	// place is its place among the wakeups, counted from 1; 0 if it is not due.
	place int
}

func newWakeup() wakeup { return wakeup{signalled: make(chan struct{}, 1)} }

// wakeAt has b signalled at the given moment instead of an earlier request.
func (a *alarm) wakeAt(b *wakeup, at probe.Instant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.clock == nil && a.start() != nil {
		return // the runtime's timers do it, less precisely
	}
	select {
	case <-b.signalled: // left over from an earlier wait
	default:
	}
	b.at = at
	if b.place > 0 {
		heap.Fix(&a.wakeups, b.place-1)
	} else {
		heap.Push(&a.wakeups, b)
	}
	if b.place == 1 {
		_ = a.clock.Control(a.reset) // fails only on a closed clock
	}
}

// stop has b not signalled.
func (a *alarm) stop(b *wakeup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if b.place == 0 {
		return
	}
	heap.Remove(&a.wakeups, b.place-1)
	if len(a.wakeups) == 0 {
		_ = a.clock.Control(a.reset) // nobody closes the clock while there are wakeups
	}
}

// start makes the clock and starts watch.
func (a *alarm) start() error {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("timerfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), "timerfd")
	clock, err := file.SyscallConn()
	if err != nil {
		return err
	}
	a.clock, a.reset = clock, a.set
	go a.watch(file, clock)
	return nil
}

// watch waits for the clock to go off again and again, until no wakeup has been there for
// long enough.
func (a *alarm) watch(file *os.File, clock syscall.RawConn) {
	defer file.Close()
	isSet := false
	// The poller remembers events from some moment before the wait. The clock is set
	// between that moment and the wait, so it cannot go off unnoticed. Nobody has to
	// read it.
	wait := func(fd uintptr) (isOver bool) {
		if !isSet {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.set(fd)
		}
		isSet = !isSet
		return !isSet
	}
	for clock.Read(wait) == nil && a.wentOff() {
	}
}

// wentOff signals the due wakeups. It returns false when there are no wakeups; the alarm has
// let go of the clock then.
func (a *alarm) wentOff() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.wakeups) == 0 {
		a.clock = nil
		return false
	}
	a.signalDue()
	return true
}

// signalDue signals the due wakeups.
func (a *alarm) signalDue() {
	for now := probe.Now(); len(a.wakeups) > 0 && a.wakeups[0].at <= now; {
		b := heap.Pop(&a.wakeups).(*wakeup)
		b.signalled <- struct{}{}
	}
}

// set has the clock go off when the next wakeup is due.
func (a *alarm) set(fd uintptr) {
	wait := linger
	if len(a.wakeups) > 0 {
		wait = max(a.wakeups[0].at.Sub(probe.Now()), 1) // 0 would stop the clock
	}
	when := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(wait))}
	_ = unix.TimerfdSettime(int(fd), 0, &when, nil) // fails only for invalid arguments
}

// wakeups is a heap of wakeups that wait, the next one first.
type wakeups []*wakeup

func (b *wakeups) Len() int           { return len(*b) }
func (b *wakeups) Less(i, j int) bool { return (*b)[i].at < (*b)[j].at }

func (b *wakeups) Swap(i, j int) {
	at := *b
	at[i], at[j] = at[j], at[i]
	at[i].place, at[j].place = i+1, j+1
}

func (b *wakeups) Push(x any) {
	added := x.(*wakeup)
	*b = append(*b, added)
	added.place = len(*b)
}

func (b *wakeups) Pop() any {
	last := (*b)[len(*b)-1]
	(*b)[len(*b)-1] = nil
	*b = (*b)[:len(*b)-1]
	last.place = 0
	return last
}

package prober

import (
	"context"
	"syscall"
	"time"

	"example.com/prober/prober/transport"
)

const (
	// coarse is how late the runtime's timers may be in a process that is
	// otherwise idle: its poller counts in whole milliseconds.
	coarse = 1500 * time.Microsecond
	// spinFor is how long a target that asks for it spins at the end of a wait:
	// longer than a sleeping thread takes to wake.
	spinFor = 100 * time.Microsecond
)

// pause waits until the given moment or until ctx ends. The last stretch is
// slept by the operating system's timer, which is an order of magnitude more
// precise than the runtime's, and with spin not slept at all. Those that precise
// does not let wait with the runtime's timer.
func pause(ctx context.Context, until transport.Instant, spin bool, precise *precision) {
	wait := until.Sub(transport.Now())
	if wait > coarse && !sleep(ctx, wait-coarse) {
		return
	}
	if !precise.tryAcquire() {
		sleep(ctx, until.Sub(transport.Now()))
		return
	}
	defer precise.release()
	wait = until.Sub(transport.Now())
	if spin {
		wait -= spinFor
	}
	nanosleep(wait)
	for spin && transport.Now() < until {
	}
}

// nanosleep blocks the thread, not only the goroutine, for d.
func nanosleep(d time.Duration) {
	if d <= 0 {
		return
	}
	tightenTimer()
	rest := syscall.NsecToTimespec(int64(d))
	for {
		left := rest
		if err := syscall.Nanosleep(&left, &rest); err != syscall.EINTR {
			return
		}
	}
}

// tightenTimer takes away the slack of 50 us by which the kernel may delay the
// timers of this thread. It is set each time because the goroutine may run on
// any thread, and costs a tenth of a microsecond.
func tightenTimer() {
	const prSetTimerSlack, nanosecond = 29, 1
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetTimerSlack, nanosecond, 0) // without it, sleep is only less precise
}

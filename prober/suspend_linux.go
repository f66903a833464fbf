package prober

import (
	"golang.org/x/sys/unix"

	"example.com/prober/prober/transport"
)

// bootTime reads a clock that goes on while the machine is suspended, which the
// monotonic clock does not. Only differences between two readings mean anything.
func bootTime() transport.Instant {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return transport.Now() // a sandbox without that clock
	}
	return transport.Instant(t.Nano())
}

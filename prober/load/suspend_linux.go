package load

import (
	"golang.org/x/sys/unix"

	"example.com/prober/prober/probe"
)

// BootTime reads a clock that, unlike the monotonic clock, goes on while the machine is
// suspended. Only differences between two readings have a meaning.
func BootTime() probe.Instant {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return probe.Now() // a sandbox without that clock
	}
	return probe.Instant(t.Nano())
}

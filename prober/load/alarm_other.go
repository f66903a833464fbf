//go:build !linux

package load

import (
	"time"

	"example.com/prober/prober/probe"
)

// spinFor is how long a target with spin spins at the end of a wait: longer than the
// runtime's timers are late.
const spinFor = 2 * time.Millisecond

// alarm is not needed on systems whose runtime waits as precisely as possible.
type alarm struct{}

type wakeup struct{ signalled chan struct{} }

func newWakeup() wakeup { return wakeup{} }

func (*alarm) wakeAt(*wakeup, probe.Instant) {}
func (*alarm) stop(*wakeup)                  {}

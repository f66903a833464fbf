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

type bell struct{ rung chan struct{} }

func newBell() bell { return bell{} }

func (*alarm) ring(*bell, probe.Instant) {}
func (*alarm) silence(*bell)             {}

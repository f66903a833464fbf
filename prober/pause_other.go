//go:build !linux

package prober

import (
	"context"
	"time"

	"example.com/prober/prober/transport"
)

// spinFor is how long a target that asks for it spins at the end of a wait.
const spinFor = 2 * time.Millisecond

// pause waits until the given moment or until ctx ends, with spin more precisely
// than the runtime's timers are; those that precise does not let do not spin.
func pause(ctx context.Context, until transport.Instant, spin bool, precise *precision) {
	wait := until.Sub(transport.Now())
	if !spin || !precise.tryAcquire() {
		sleep(ctx, wait)
		return
	}
	defer precise.release()
	if !sleep(ctx, wait-spinFor) {
		return
	}
	for transport.Now() < until {
	}
}

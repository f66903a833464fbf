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
// than the runtime's timers are; no more may spin than precise has room for.
func pause(ctx context.Context, until transport.Instant, spin bool, precise *transport.Ceiling) {
	wait := until.Sub(transport.Now())
	if !spin || !precise.TryAcquire() {
		sleep(ctx, wait)
		return
	}
	defer precise.Release()
	if !sleep(ctx, wait-spinFor) {
		return
	}
	for transport.Now() < until {
	}
}

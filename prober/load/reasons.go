package load

// DropReason says why an arrival was never started.
type DropReason uint8

// The reasons why an arrival was not started.
const (
	// DropTimeout means that no worker became free within the request's timeout.
	DropTimeout DropReason = iota
	// DropNoWorker means that no worker became free while enough time was left for an
	// answer.
	DropNoWorker
	// DropLate means that its time ran out, and the process did not run for a part of it.
	DropLate
	// DropShutdown, DropReload and DropBreaker mean that the burst was ended before the
	// arrival started.
	DropShutdown
	DropReload
	DropBreaker
	// DropLimitRate, DropLimitInFlight and DropLimitConnections mean that a ceiling of the
	// process held the request back.
	DropLimitRate
	DropLimitInFlight
	DropLimitConnections

	// NumDropReasons is how many reasons there are.
	NumDropReasons = iota
)

// String returns the reason for the label reason.
func (d DropReason) String() string {
	return [NumDropReasons]string{
		"timeout", "no_worker", "late", "shutdown", "reload", "breaker", "limit_rate", "limit_in_flight", "limit_connections",
	}[d]
}

// IsTrouble reports whether the prober failed to do its job: for want of workers, for a
// ceiling or because it did not run. It is false if nobody wants the request any more.
func (d DropReason) IsTrouble() bool {
	return d == DropTimeout || d == DropNoWorker || d == DropLate || d >= DropLimitRate && d <= DropLimitConnections
}

// SkipReason says why no burst started at a slot.
type SkipReason uint8

// The reasons why a slot has no burst.
const (
	// SkipOverrun means that the burst before was not over.
	SkipOverrun SkipReason = iota
	// SkipLate means that the process did not run.
	SkipLate
	// SkipStuck means that all workers hang in the engine.
	SkipStuck
	// SkipMaintenance means that the target is under maintenance without bursts.
	SkipMaintenance

	// NumSkipReasons is how many reasons there are.
	NumSkipReasons = iota
)

// String returns the reason for the label reason.
func (s SkipReason) String() string {
	return [NumSkipReasons]string{"overrun", "late", "stuck", "maintenance"}[s]
}

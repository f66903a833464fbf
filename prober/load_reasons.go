package prober

// dropReason says why an arrival was never started.
type dropReason uint8

const (
	// dropTimeout: no worker became free within the request's timeout.
	dropTimeout dropReason = iota
	// dropLate: its time ran out, and the process did not run for a part of it.
	dropLate
	// dropShutdown, dropReload, dropBreaker: the burst was ended before the
	// arrival started.
	dropShutdown
	dropReload
	dropBreaker
	// dropLimitRate, dropLimitInFlight, dropLimitConnections: a ceiling of the
	// process held the request back.
	dropLimitRate
	dropLimitInFlight
	dropLimitConnections

	numDropReasons = iota
)

func (d dropReason) String() string {
	return [numDropReasons]string{
		"timeout", "late", "shutdown", "reload", "breaker", "limit_rate", "limit_in_flight", "limit_connections",
	}[d]
}

// isTrouble tells whether the prober did not do what was asked of it, be it for
// want of workers, for a ceiling or because it did not run, rather than that nobody
// wants it any more.
func (d dropReason) isTrouble() bool {
	return d == dropTimeout || d == dropLate || d >= dropLimitRate && d <= dropLimitConnections
}

// skipReason says why no burst started at a slot.
type skipReason uint8

const (
	// skipOverrun: the burst before was not over.
	skipOverrun skipReason = iota
	// skipLate: the process did not run.
	skipLate
	// skipStuck: all workers hang in the engine.
	skipStuck

	numSkipReasons = iota
)

func (s skipReason) String() string { return [numSkipReasons]string{"overrun", "late", "stuck"}[s] }

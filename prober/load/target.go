// Package load says when the requests of a target are due and what holds them back: slots,
// the plan of a burst, shards, the breaker, and the ceilings of the process with the gate
// for waiting requests. It knows neither the configuration nor the counts.
//
// A [Target] has the load of one target. A [Pacer] says when each arrival of an open burst
// is due, and [Arrivals] is the state of one such burst: what is due, claimed, expired or
// not worth sending. A [Limiter] lets a request start with everything that the ceilings ask
// for, or with nothing.
//
// Plans are arithmetic and read no clock: all shards compute the same burst without
// talking.
package load

import "time"

// Target says when a target sends how many requests.
type Target struct {
	// Name of the target. Its slots, its shard and its random arrivals depend on it.
	Name     string
	Interval time.Duration
	Burst    Burst
	// Shared means that every shard fires its part of the arrivals. Else one shard fires
	// them all.
	Shared bool
	Requests
}

// Requests says what an arrival is: one request without a name, one of a mix or, in turn,
// the steps of a journey.
type Requests struct {
	// Names of the requests of a mix or the steps of a journey; nil without either.
	Names []string
	// Weights are the shares of the requests of a mix; nil without one.
	Weights []int
}

// IsJourney reports whether an arrival is a journey.
func (r *Requests) IsJourney() bool { return len(r.Names) > 0 && len(r.Weights) == 0 }

// Burst says how many requests are sent, when, and how many at once. At least one of
// Requests, Duration and Stages is set. With neither Rate nor Stages the burst is closed;
// the two exclude each other.
type Burst struct {
	// Requests ends the burst after so many; 0 means no limit.
	Requests int
	// Duration ends the burst after so long; 0 means no limit.
	Duration time.Duration
	// Rate is in requests per second; 0 means that there is none.
	Rate float64
	// Stages end the burst with the last of them, unless Requests or Duration end it
	// before. At least one has a rate above 0.
	Stages []Stage
	// Poisson means that arrivals are random, not evenly spaced.
	Poisson bool
	// Concurrency bounds the requests in flight; at least 1.
	Concurrency int
}

// Stage is a part of a burst. Its rate changes in a straight line from the rate of the
// stage before, or 0 in the first, to its own.
type Stage struct {
	// Duration may be 0: the rate jumps.
	Duration time.Duration
	// Rate at the end of the stage, in requests per second; at least 0.
	Rate float64
}

// IsOpen reports whether arrivals have due times of their own.
func (b *Burst) IsOpen() bool { return b.Rate > 0 || len(b.Stages) > 0 }

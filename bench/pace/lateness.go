package pace

import (
	"math"
	"time"

	"example.com/prober/bench/rig"
)

// lateness compares the arrivals at the server with the ideal grid.
type lateness struct {
	achieved float64 // the rate in the middle of the arrivals, over the wanted rate
	fired    float64 // the number of arrivals over the number due
	lag      rig.Quantiles
}

// latenessOf takes the arrivals in ascending order, in time after the first. The start of a client is no lag: the least
// lag is 0 by definition.
func latenessOf(arrivals []time.Duration, l rig.Load) lateness {
	n := len(arrivals)
	if n < 2 {
		return lateness{}
	}
	gap := float64(time.Second) / float64(l.Rate)
	lags := make([]time.Duration, n)
	least := time.Duration(math.MaxInt64)
	for k, at := range arrivals {
		lags[k] = at - time.Duration(math.Round(float64(k)*gap))
		least = min(least, lags[k])
	}
	for k := range lags {
		lags[k] -= least
	}
	// The first arrivals of a client that opens its connections are no measure of its rate.
	first, last := n/10, n-1-n/10
	return lateness{
		achieved: float64(last-first) / (arrivals[last] - arrivals[first]).Seconds() / float64(l.Rate),
		fired:    float64(n) / float64(l.Due()),
		lag:      rig.QuantilesOf(lags),
	}
}

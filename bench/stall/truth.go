package stall

import (
	"slices"
	"time"

	"example.com/prober/bench/rig"
)

// truth returns the response time of every request of the load, from the moment it is due, for a perfect client: it
// sends each request at once, or in the order of their due times as soon as fewer than inFlight are under way.
func truth(l rig.Load, s rig.Service) []time.Duration {
	free := make([]time.Duration, l.InFlight) // when each place in flight is free
	response := make([]time.Duration, l.Due())
	for k := range response {
		due := time.Duration(k) * time.Second / time.Duration(l.Rate)
		next := slices.Index(free, slices.Min(free))
		free[next] = s.AnswerAt(max(due, free[next]))
		response[k] = free[next] - due
	}
	return response
}

package load

import (
	"slices"
	"time"
)

const (
	// mostOutliers bounds how many answers an estimate ignores. With more in flight at
	// once, only one in several answers is noted.
	mostOutliers = 16
	// needMargin is the part of an estimate that is added to it: an answer takes a little
	// longer now and then.
	needMargin = 8
	// freshPart is the part of its timeout that an arrival may wait and still be sent,
	// whatever the estimate.
	freshPart = 100
)

// Need estimates how much time a target needs to answer, from its last answers. An arrival
// with less time left is not worth sending.
//
// The estimate ignores the greatest of the last answers: as many as there can be requests
// in flight. It takes the next one. The reason is a target that stalls: it delays each
// request in flight once, but waiting requests would be answered at once when it goes on.
// The stall must not drop them. Need keeps four times as many answers and one more, so it
// ignores a quarter. A request that its deadline cut short counts as an answer that needed
// all of its timeout.
//
// The zero value estimates nothing. The lock of a recorder protects it.
type Need struct {
	recent   [4*mostOutliers + 1]uint32 // microseconds; a ring
	noted    int                        // answers in it, ever
	outliers int                        // answers to ignore
	stride   int                        // one answer in so many is noted
	skipped  int                        // answers since the last noted one
	unread   int                        // answers since the estimate was made
	estimate time.Duration
}

// Forget drops all answers: the target is another, or in another place.
func (n *Need) Forget() { *n = Need{outliers: n.outliers, stride: n.stride} }

// Fit prepares n for bursts with at most concurrency requests in flight.
func (n *Need) Fit(concurrency int) {
	outliers, stride := min(concurrency, mostOutliers), (concurrency+mostOutliers-1)/mostOutliers
	if outliers != n.outliers || stride != n.stride {
		*n = Need{outliers: outliers, stride: stride}
	}
}

// Note records how long an answer took since the start of its request.
func (n *Need) Note(took time.Duration) {
	if n.skipped++; n.skipped < n.stride || n.outliers == 0 {
		return
	}
	n.skipped = 0
	n.recent[n.noted%n.window()] = uint32(min(max(took, 0).Microseconds(), 1<<32-1))
	n.noted++
	n.unread++
}

// Estimate returns how much time left a request needs to be answered in time, 0 if too few
// answers are known.
func (n *Need) Estimate() time.Duration {
	if n.noted <= n.outliers {
		return 0
	}
	if n.estimate == 0 || n.unread > n.outliers/4 {
		n.unread = 0
		sorted := n.recent // a copy
		known := sorted[:min(n.noted, n.window())]
		slices.Sort(known)
		typical := time.Duration(known[len(known)-1-n.outliers]) * time.Microsecond
		n.estimate = typical + typical/needMargin
	}
	return n.estimate
}

func (n *Need) window() int { return 4*n.outliers + 1 }

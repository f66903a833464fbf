package load

import (
	"slices"
	"time"
)

const (
	// mostOutliers bounds how many answers are looked past; where more are in flight at
	// once, only one in several answers is noted.
	mostOutliers = 16
	// needMargin is the part of an estimate that is added to it: an answer takes a little
	// longer now and then.
	needMargin = 8
	// freshPart is the part of its timeout that an arrival may wait and still be sent
	// whatever the estimate says.
	freshPart = 100
)

// Need is an estimate of how much time a target needs to answer, from its last answers. An
// arrival with less time left is not worth sending.
//
// The estimate is the greatest of the last answers but for as many as can be in flight at
// once: a target that stalls delays each request in flight once, and that must not condemn
// those that wait and would be answered at once when it goes on. Of four times as many
// answers and one more, a quarter is looked past. A request that its deadline cut short
// counts as an answer that needed all of its timeout.
//
// The zero value estimates nothing. It is used under the lock of a recorder.
type Need struct {
	recent   [4*mostOutliers + 1]uint32 // microseconds; a ring
	noted    int                        // answers in it, ever
	outliers int                        // answers to look past
	stride   int                        // one answer in so many is noted
	skipped  int                        // answers since the last that was noted
	unread   int                        // answers since the estimate was made
	estimate time.Duration
}

// Forget drops all answers: the target is another, or in another place.
func (n *Need) Forget() { *n = Need{outliers: n.outliers, stride: n.stride} }

// Fit prepares n for bursts with so many requests in flight at most.
func (n *Need) Fit(concurrency int) {
	outliers, stride := min(concurrency, mostOutliers), (concurrency+mostOutliers-1)/mostOutliers
	if outliers != n.outliers || stride != n.stride {
		*n = Need{outliers: outliers, stride: stride}
	}
}

// Note takes in how long an answer took from when its request started.
func (n *Need) Note(took time.Duration) {
	if n.skipped++; n.skipped < n.stride || n.outliers == 0 {
		return
	}
	n.skipped = 0
	n.recent[n.noted%n.window()] = uint32(min(max(took, 0).Microseconds(), 1<<32-1))
	n.noted++
	n.unread++
}

// Estimate returns how much time a request must have left to be answered in it, 0 where
// too few answers are known.
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

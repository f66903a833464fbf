package prober

import (
	"example.com/prober/compare"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// Collect has c count each request of the burst that has ended as one of the side. It does not count
// failures for the prober's own trouble. It is called before Fire. If several bursts are compared, it is
// called for all of them at the same time.
func (s *Shot) Collect(c *compare.Collector, side int) {
	start := probe.Now()
	s.Observe(func(r *probe.Result, code errcode.Code) {
		if isCompared(code) {
			c.Add(side, r.Due.Sub(start), r.Duration(), code != errcode.OK)
		}
	})
}

// isCompared reports whether a request with the code says something about the target. QueueTimeout does:
// the request waited for a worker for too long because the requests before it took so long.
func isCompared(code errcode.Code) bool { return !code.IsOwn() || code == errcode.QueueTimeout }

// Lost returns how many requests were never sent because the target took too long for the requests before
// them. It is called after Fire has returned.
func (s *Shot) Lost() uint64 {
	return lostOf(s.target.recorder.Snapshot(0).Dropped)
}

func lostOf(d numbers.Drops) uint64 { return d[load.DropTimeout] + d[load.DropNoWorker] }

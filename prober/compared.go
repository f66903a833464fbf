package prober

import (
	"example.com/prober/compare"
	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// Collect has c count each request of the burst that has ended, but for those that failed for the
// prober's own trouble, as one of the side. It is called before Fire; of several bursts that are compared,
// for all of them at once.
func (s *Shot) Collect(c *compare.Collector, side int) {
	start := probe.Now()
	s.Observe(func(r *probe.Result, code errcode.Code) {
		if isCompared(code) {
			c.Add(side, r.Due.Sub(start), r.Duration(), code != errcode.OK)
		}
	})
}

// isCompared reports whether a request that came to the code says something of the target. A request
// that waited for a worker for too long does: those before it took so long.
func isCompared(code errcode.Code) bool { return !code.IsOwn() || code == errcode.QueueTimeout }

// Lost returns how many requests were never sent because the target took too long for those
// before them. It is called after Fire has returned.
func (s *Shot) Lost() uint64 {
	return lostOf(s.target.recorder.Snapshot(0).Dropped)
}

func lostOf(d numbers.Drops) uint64 { return d[load.DropTimeout] + d[load.DropNoWorker] }

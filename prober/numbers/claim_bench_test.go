package numbers

import (
	"testing"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// BenchmarkRecorderClaim claims an arrival and counts its end, for a target with one
// request and for a mix.
func BenchmarkRecorderClaim(b *testing.B) {
	for name, mix := range map[string]*load.Mix{"one": nil, "mix": load.NewMix([]int{8, 2, 1}, "shop", 1)} {
		b.Run(name, func(b *testing.B) {
			r := NewRecorder(NewBounds(someBuckets))
			if mix != nil {
				r.SetRequests([]string{"search", "home", "pay"}, false)
			}
			p := load.NewPacer(&load.Burst{Rate: 1e6}, "shop", 1, load.Whole())
			a := load.NewArrivals(p, mix, 0, []time.Duration{time.Second}, neverFrozen)
			a.Workers = 10
			r.StartBurst(a)
			res := &probe.Result{Due: 1, Taken: 1, End: 1e6, HTTP: &probe.HTTP{Status: 200, Version: probe.HTTP11}, Sent: 100, Received: 1000, Reused: true}
			b.ReportAllocs()
			for now := probe.Instant(0); b.Loop(); now = now.Add(time.Microsecond) {
				next, _ := r.Claim(now, now)
				res.Request = next.Request
				r.End(res, errcode.OK)
			}
		})
	}
}

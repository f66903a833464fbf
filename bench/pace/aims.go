package pace

import (
	"fmt"
	"math"
	"time"

	"example.com/prober/bench/rig"
)

// Aims of the prober.
const (
	aimRate    = 0.001 // greatest error of the achieved rate, as a share of the wanted rate
	aimLag     = 250 * time.Microsecond
	aimLagRate = 5000 // the rate in requests per second for aimLag
)

// judge adds the aims about one rate. The prober without options comes first.
func judge(t *rig.Table, rate int, results []result) {
	prober := results[0]
	achieved, p99 := prober.achieved.Median(), prober.p99.Median()
	t.Add(fmt.Sprintf("%d/s: achieved rate within %.1f %%", rate, aimRate*100),
		fmt.Sprintf("%+.3f %%", (achieved-1)*100), rig.Verdict(math.Abs(achieved-1) <= aimRate))
	if rate == aimLagRate {
		t.Add(fmt.Sprintf("%d/s: lag p99 below %v", rate, aimLag), rig.Micros(p99), rig.Verdict(p99 < aimLag.Seconds()))
	}
	for _, other := range results[1:] {
		if other.peer {
			t.Add(fmt.Sprintf("%d/s: lag p99 below that of %s", rate, other.client),
				rig.Micros(p99)+" against "+rig.Micros(other.p99.Median()), rig.Verdict(p99 < other.p99.Median()))
		}
	}
}

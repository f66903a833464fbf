package prober

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRemainingIsWhatACursorHasBeforeIt(t *testing.T) {
	t.Parallel()
	for name, burst := range map[string]loadBurst{
		"a number":         {Rate: 7, Requests: 100},
		"a time":           {Rate: 7.3, Duration: 10 * time.Second},
		"either":           {Rate: 7, Requests: 100, Duration: 3 * time.Second},
		"a ramp":           {Stages: []loadStage{{Duration: 5 * time.Second, Rate: 10}, {Duration: 5 * time.Second, Rate: 0}}},
		"a ramp with less": {Stages: []loadStage{{Duration: 5 * time.Second, Rate: 10}, {Duration: 5 * time.Second, Rate: 10}}, Requests: 30},
		"a ramp cut off":   {Stages: []loadStage{{Duration: 5 * time.Second, Rate: 10}}, Duration: 3 * time.Second},
	} {
		for of := range int64(3) {
			for ordinal := range of + 1 {
				p := newPacer(&burst, "checkout", 0, shard{ordinal: ordinal, total: of + 1})
				var left []uint64
				for c := p.first(); !p.done(&c); p.next(&c) {
					left = append(left, p.remaining(&c))
				}
				for i, n := range left {
					assert.EqualValues(t, len(left)-i, n, "%s: %d of %d", name, ordinal, of+1)
				}
			}
		}
	}
	p := newPacer(&loadBurst{Rate: 100, Duration: 100 * time.Second, Poisson: true}, "checkout", 0, wholePlan())
	c := p.first()
	assert.InEpsilon(t, 10_000, p.remaining(&c), 0.01, "on average")
	endless := newPacer(&loadBurst{Rate: 1}, "checkout", 0, wholePlan())
	c = endless.first()
	assert.Zero(t, endless.remaining(&c))
}

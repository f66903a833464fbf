package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRemainingIsWhatACursorHasBeforeIt(t *testing.T) {
	t.Parallel()
	for name, burst := range map[string]Burst{
		"a number":         {Rate: 7, Requests: 100},
		"a time":           {Rate: 7.3, Duration: 10 * time.Second},
		"either":           {Rate: 7, Requests: 100, Duration: 3 * time.Second},
		"a ramp":           {Stages: []Stage{{Duration: 5 * time.Second, Rate: 10}, {Duration: 5 * time.Second, Rate: 0}}},
		"a ramp with less": {Stages: []Stage{{Duration: 5 * time.Second, Rate: 10}, {Duration: 5 * time.Second, Rate: 10}}, Requests: 30},
		"a ramp cut off":   {Stages: []Stage{{Duration: 5 * time.Second, Rate: 10}}, Duration: 3 * time.Second},
	} {
		for of := range int64(3) {
			for ordinal := range of + 1 {
				p := NewPacer(&burst, "checkout", 0, Part{ordinal: ordinal, total: of + 1})
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
	p := NewPacer(&Burst{Rate: 100, Duration: 100 * time.Second, Poisson: true}, "checkout", 0, Whole())
	c := p.first()
	assert.InEpsilon(t, 10_000, p.remaining(&c), 0.01, "on average")
	endless := NewPacer(&Burst{Rate: 1}, "checkout", 0, Whole())
	c = endless.first()
	assert.Zero(t, endless.remaining(&c))
}

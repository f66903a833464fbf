package draw

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/option"
)

// partOf numbers the draws of one process among several.
func partOf(ordinal, total int64) func(int64) int64 {
	return func(n int64) int64 { return n*total + ordinal }
}

func TestAnotherPartGoesOnAfterWhatWasDrawn(t *testing.T) {
	t.Parallel()
	data := []option.Data{{Name: "n", IsRange: true, From: 0, To: 999, Pick: option.PickUnique}}
	for name, tt := range map[string]struct {
		before, after func(int64) int64
		drawn         int64
		want          int64 // the next number
	}{
		"the same":                  {partOf(1, 3), partOf(1, 3), 7, 7*3 + 1},
		"more shards":               {partOf(1, 3), partOf(1, 5), 7, 26},
		"fewer shards":              {partOf(1, 5), partOf(1, 2), 7, 37},
		"from one":                  {partOf(0, 1), partOf(0, 2), 7, 8},
		"to one":                    {partOf(0, 2), partOf(0, 1), 7, 14},
		"before anything was drawn": {partOf(2, 3), partOf(2, 4), 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, after := New(data, "target", tt.before), New(data, "target", tt.after)
			before.groups[0].drawn.Store(tt.drawn)
			after.Continue(before)
			next := after.of(after.groups[0].drawn.Load())
			assert.Equal(t, tt.want, next)
			assert.GreaterOrEqual(t, next, tt.before(tt.drawn))
		})
	}
}

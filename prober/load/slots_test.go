package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestFirstSlotLiesAheadByAnIntervalAtMost(t *testing.T) {
	t.Parallel()
	grid := NewSlots("checkout", 30*time.Second)
	wait := grid.First(noon)
	assert.Positive(t, wait)
	assert.LessOrEqual(t, wait, 30*time.Second)
	assert.Equal(t, 30*time.Second, grid.First(noon.Add(wait)), "a slot that is now has passed")
	assert.Equal(t, wait, NewSlots("checkout", 30*time.Second).First(noon), "a restart finds the same slots")
	assert.NotEqual(t, wait, NewSlots("search", 30*time.Second).First(noon))
}

func TestNextSlot(t *testing.T) {
	t.Parallel()
	const interval = 30 * time.Second
	grid := NewSlots("checkout", interval)
	slot := noon.Add(grid.First(noon))
	tests := map[string]struct {
		wall    time.Time // when the burst has ended
		elapsed time.Duration
		wait    time.Duration
		missed  int
	}{
		"a short burst":                            {slot.Add(time.Second), time.Second, 29 * time.Second, 0},
		"a burst that woke up late":                {slot.Add(1100 * time.Millisecond), time.Second, 28900 * time.Millisecond, 0},
		"a burst over the next slot":               {slot.Add(35 * time.Second), 35 * time.Second, 25 * time.Second, 1},
		"a burst over two slots":                   {slot.Add(65 * time.Second), 65 * time.Second, 25 * time.Second, 2},
		"a clock set ahead by 10 s":                {slot.Add(11 * time.Second), time.Second, 19 * time.Second, 0},
		"a clock set ahead by a week":              {slot.Add(7*24*time.Hour + time.Second), time.Second, 29 * time.Second, 0},
		"a clock set back by 10 s":                 {slot.Add(-9 * time.Second), time.Second, 39 * time.Second, 0},
		"a clock set back by a year":               {slot.Add(-365*24*time.Hour + time.Second), time.Second, 29 * time.Second, 0},
		"a burst as long as the gap between slots": {slot.Add(interval), interval, interval, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wait, missed := grid.Next(tt.wall, tt.elapsed)
			assert.Equal(t, tt.wait, wait)
			assert.Equal(t, tt.missed, missed)
			assert.Zero(t, grid.into(tt.wall.Add(wait)), "it leads to a slot")
		})
	}
}

func TestSlotsOfManyTargetsSpreadEvenly(t *testing.T) {
	t.Parallel()
	const targets, bins = 10000, 50
	for _, pattern := range []string{"target-%d", "%d.example.com/health", "a%d"} {
		var seen [bins]float64
		for i := range targets {
			shift := NewSlots(fmt.Sprintf(pattern, i), time.Minute).shift
			seen[int(shift*bins/time.Minute)]++
		}
		chiSquare := 0.0
		for _, n := range seen {
			d := n - targets/bins
			chiSquare += d * d / (targets / bins)
		}
		// 49 degrees of freedom: above 85.4 once in a thousand if the spread is even.
		require.Less(t, chiSquare, 85.4, pattern)
	}
}

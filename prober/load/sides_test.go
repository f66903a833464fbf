package load

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTwoSidesHaveOneOfEachPairOfArrivals(t *testing.T) {
	t.Parallel()
	ramp := []Stage{{Duration: 5 * time.Second, Rate: 10}, {Duration: 5 * time.Second, Rate: 3}}
	for name, c := range map[string]struct{ once, twice Burst }{
		"a number":          {Burst{Rate: 7, Requests: 101}, Burst{Rate: 14, Requests: 202}},
		"a time":            {Burst{Rate: 2.5, Duration: 9 * time.Second}, Burst{Rate: 5, Duration: 9 * time.Second}},
		"a ramp":            {Burst{Stages: ramp}, Burst{Stages: []Stage{{Duration: 5 * time.Second, Rate: 20}, {Duration: 5 * time.Second, Rate: 6}}}},
		"a random number":   {Burst{Rate: 7, Requests: 100, Poisson: true}, Burst{Rate: 14, Requests: 200, Poisson: true}},
		"an arrival at all": {Burst{Rate: 1, Requests: 1}, Burst{Rate: 2, Requests: 2}},
	} {
		all := dues(NewPacer(&c.twice, "checkout", 3, Whole()))
		first := [2]int{}
		counts := [2]int{}
		for side := range 2 {
			p := NewPacer(&c.once, "checkout", 3, Side(side))
			var left []uint64
			for k, due := range dues(p) {
				assert.Equal(t, all[k], due, "%s: side %d, arrival %d", name, side, k)
				counts[side]++
				if k%2 == 0 {
					first[side]++
				}
			}
			for c := p.first(); !p.done(&c); p.next(&c) {
				left = append(left, p.remaining(&c))
			}
			for i, n := range left {
				if p.seed == nil {
					assert.EqualValues(t, len(left)-i, n, "%s: side %d, arrival %d", name, side, i)
				}
			}
		}
		assert.Equal(t, counts[0], counts[1], name)
		assert.Equal(t, len(all)/2, counts[0], name)
		assert.Equal(t, counts[0], first[0]+first[1], "%s: one of each pair comes first", name)
		if counts[0] > 50 {
			assert.InDelta(t, first[0], first[1], float64(counts[0])/2, "%s: neither always does", name)
		}
	}
}

func TestBothSidesTakeTheSameRequestsOfAMix(t *testing.T) {
	t.Parallel()
	burst := Burst{Rate: 10, Requests: 60}
	var taken [2][]int
	for side := range 2 {
		mix := NewMix([]int{3, 2, 1}, "checkout", 7)
		a := NewArrivals(NewPacer(&burst, "checkout", 7, Side(side)), mix, 0, []time.Duration{time.Hour}, nil)
		for request, ok := a.Due(1 << 60); ok; request, ok = a.Due(1 << 60) {
			taken[side] = append(taken[side], request)
		}
	}
	assert.Len(t, taken[0], 60)
	assert.Equal(t, taken[0], taken[1])
}

// takeTurns has each side take its turns and returns the sides in their order.
func takeTurns(ctx context.Context, turns *Turns, counts [2]int) (order []int) {
	var mu sync.Mutex
	var both sync.WaitGroup
	for side, n := range counts {
		both.Go(func() {
			for range n {
				turns.Await(ctx, side)
				mu.Lock()
				order = append(order, side)
				mu.Unlock()
			}
			turns.Leave(side)
		})
	}
	both.Wait()
	return order
}

func TestTurnsGoToBothSidesOfEachPair(t *testing.T) {
	t.Parallel()
	turns := NewTurns()
	order := takeTurns(t.Context(), turns, [2]int{200, 200})
	assert.Len(t, order, 400)
	assert.Equal(t, [2]int64{200, 200}, turns.started)
	ahead := 0
	for _, side := range order { // the turn may be noted late
		ahead += 2*side - 1
		assert.LessOrEqual(t, max(ahead, -ahead), 3)
	}
}

func TestASideGoesOnAloneWhenTheOtherHasLeft(t *testing.T) {
	t.Parallel()
	assert.Len(t, takeTurns(t.Context(), NewTurns(), [2]int{5, 50}), 55)
	assert.Len(t, takeTurns(t.Context(), NewTurns(), [2]int{50, 0}), 50)
}

func TestWaitingForATurnEndsWithTheSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		turns := NewTurns()
		start := time.Now()
		for range 3 {
			turns.Await(ctx, 0)
		}
		assert.Equal(t, time.Second, time.Since(start), "the other side takes no turn")
	})
}

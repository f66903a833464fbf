package load

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/probe"
)

// randomWeights returns the weights of a random number of requests; most is the limit.
func randomWeights(random *rand.Rand, most int) []int {
	weights := make([]int, 2+random.IntN(most-1))
	for i := range weights {
		weights[i] = 1 + random.IntN(40)
	}
	return weights
}

// blockOf returns how often each request occurs in a block of a mix, and the length of the
// block.
func blockOf(weights []int) (times []int, length int) {
	divisor := 0
	for _, w := range weights {
		divisor = greatestDivisor(divisor, w)
	}
	for _, w := range weights {
		times = append(times, w/divisor)
		length += w / divisor
	}
	return times, length
}

func TestEachBlockOfAMixHasItsWeightsExactly(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	all := [][]int{{1, 1}, {8, 2}, {2, 1}, {1, 1, 1}, {500, 500, 1000}, {1, 999}, {0, 3, 0, 1}}
	for range 40 {
		all = append(all, randomWeights(random, 30))
	}
	for _, weights := range all {
		want, length := blockOf(weights)
		m := NewMix(weights, "shop", int64(random.Uint64()))
		for block := range int64(4) {
			got := make([]int, len(weights))
			for k := range int64(length) {
				got[m.Request(block*int64(length)+k)]++
			}
			require.Equal(t, want, got, "block %d of %v", block, weights)
		}
	}
}

func TestTheGreatestMixHasItsWeightsExactlyAndTakesNoTable(t *testing.T) {
	t.Parallel()
	weights := make([]int, 1000)
	for i := range weights {
		weights[i] = 1000 - i%2 // so no divisor makes it shorter
	}
	want, length := blockOf(weights)
	m := NewMix(weights, "shop", 7)
	got := make([]int, len(weights))
	for k := range length {
		got[m.Request(int64(k))]++
	}
	assert.Equal(t, want, got)
	assert.LessOrEqual(t, cap(m.ends)*8, 8000, "bytes that it keeps")
}

func TestAnArrivalOfAMixAllocatesNothing(t *testing.T) {
	a := NewArrivals(NewPacer(&Burst{Rate: 1000}, "shop", 3, Whole()), NewMix([]int{8, 2, 1}, "shop", 3), 0, []time.Duration{time.Second},
		func(_, _ probe.Instant) time.Duration { return 0 })
	now := probe.Instant(0)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		now = now.Add(2 * time.Millisecond)
		advance(a, now)
		a.Claim()
	}))
}

func TestAMixOfOneRequestIsNone(t *testing.T) {
	t.Parallel()
	for _, weights := range [][]int{nil, {1}, {7}} {
		m := NewMix(weights, "shop", 1)
		assert.Nil(t, m)
		assert.Zero(t, m.Request(12345))
	}
}

func TestAMixIsTheSameForTheSameNameAndSlotOnly(t *testing.T) {
	t.Parallel()
	weights := []int{3, 4, 5}
	order := func(name string, slot int64, from int64) (all []int) {
		m := NewMix(weights, name, slot)
		for k := range int64(120) {
			all = append(all, m.Request(from+k))
		}
		return all
	}
	first := order("shop", 3, 0)
	assert.Equal(t, first, order("shop", 3, 0), "replicas and repetitions agree")
	assert.NotEqual(t, order("shop", 3, 0), order("shop", 4, 0), "another slot is another order")
	assert.NotEqual(t, order("shop", 3, 0), order("search", 3, 0), "and so is another target")
	assert.NotEqual(t, order("shop", 3, 0), order("shop", 3, 120), "and another block")
}

// TestEveryOrderOfASmallBlockIsAsLikelyAsAnother looks at blocks with few possible orders and
// counts them all: a permutation that is not random enough leaves some out.
func TestEveryOrderOfASmallBlockIsAsLikelyAsAnother(t *testing.T) {
	t.Parallel()
	const blocks = 24_000
	for n, orders := range map[int]int{2: 2, 3: 6, 4: 24} {
		weights := slices.Repeat([]int{1}, n)
		seen := map[string]int{}
		for slot := range int64(blocks / 100) {
			m := NewMix(weights, "shop", slot)
			for block := range int64(100) {
				order := ""
				for k := range int64(n) {
					order += fmt.Sprint(m.Request(block*int64(n) + k))
				}
				seen[order]++
			}
		}
		assert.Len(t, seen, orders, "orders of %d", n)
		for order, times := range seen {
			assert.InEpsilon(t, blocks/orders, times, 0.25, "%s", order)
		}
	}
}

func TestARequestOfAMixComesAnywhereInALargeBlock(t *testing.T) {
	t.Parallel()
	first := make([]int, 10)
	const slots = 5000
	for slot := range int64(slots) {
		m := NewMix([]int{1, 999}, "shop", slot)
		for k := range int64(1000) {
			if m.Request(k) == 0 {
				first[k/100]++
				break
			}
		}
	}
	for tenth, n := range first {
		assert.InEpsilon(t, slots/10, n, 0.2, "tenth %d", tenth)
	}
}

// claimed returns the requests of the arrivals of one shard's part of a burst, by k.
func claimed(b *Burst, weights []int, part Part) map[int64]int {
	a := NewArrivals(NewPacer(b, "shop", 3, part), NewMix(weights, "shop", 3), 0, []time.Duration{time.Hour},
		func(_, _ probe.Instant) time.Duration { return 0 })
	advance(a, probe.Instant(time.Minute))
	all := map[int64]int{}
	for {
		next, state := a.Claim()
		if state != Claimed {
			return all
		}
		all[next.K] = next.Request
	}
}

func TestTheMixesOfAllShardsAreTogetherThatOfTheWhole(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for name, burst := range map[string]Burst{
		"open":    {Rate: 333, Requests: 1001},
		"few":     {Rate: 1, Requests: 3},
		"poisson": {Rate: 500, Duration: 3 * time.Second, Poisson: true},
		"stages":  {Stages: []Stage{{Duration: time.Second, Rate: 500}, {Duration: 2 * time.Second, Rate: 20}}},
	} {
		weights := randomWeights(random, 12)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := claimed(&burst, weights, Whole())
			requireProportional(t, weights, want)
			for _, total := range []int64{2, 3, 5, 16} {
				union := map[int64]int{}
				for ordinal := range total {
					for k, request := range claimed(&burst, weights, Part{ordinal: ordinal, total: total}) {
						_, twice := union[k]
						require.False(t, twice, "arrival %d", k)
						union[k] = request
					}
				}
				require.Equal(t, want, union, "%d shards", total)
			}
		})
	}
}

// requireProportional checks that in each whole block each request occurs as its weight says.
func requireProportional(t *testing.T, weights []int, requests map[int64]int) {
	t.Helper()
	want, length := blockOf(weights)
	for block := range len(requests) / length {
		got := make([]int, len(weights))
		for k := range length {
			request, ok := requests[int64(block*length+k)]
			require.True(t, ok)
			got[request]++
		}
		require.Equal(t, want, got)
	}
}

func TestTheMixesOfAllShardsOfAClosedBurstAreTogetherThatOfTheWhole(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for _, requests := range []int{0, 1, 2, 7, 100, 501} {
		weights := randomWeights(random, 12)
		m := NewMix(weights, "shop", 9)
		want := map[int64]int{}
		for k := range int64(requests) {
			want[k] = m.Request(k)
		}
		requireProportional(t, weights, want)
		for _, total := range []int64{1, 2, 7, 64} {
			union := map[int64]int{}
			for ordinal := range total {
				part := Part{ordinal: ordinal, total: total}
				for j := range int64(part.Share(requests)) {
					k := part.Global(j)
					_, twice := union[k]
					require.False(t, twice, "arrival %d", k)
					union[k] = m.Request(k)
				}
			}
			require.Equal(t, want, union, "%d requests of %d shards", requests, total)
		}
	}
}

func TestTheFirstArrivalOfEachRequestHasItsOwnTimeout(t *testing.T) {
	t.Parallel()
	const start = probe.Instant(time.Hour)
	m := NewMix([]int{1, 1}, "shop", 3)
	timeouts := []time.Duration{10 * time.Second, time.Second}
	a := NewArrivals(NewPacer(&Burst{Rate: 10, Requests: 40}, "shop", 3, Whole()), m, start, timeouts,
		func(_, _ probe.Instant) time.Duration { return 0 })
	now := start.Add(4 * time.Second)
	advance(a, now)
	expired := 0
	for {
		for ok := true; ok; {
			var request int
			if request, _, ok = a.Expire(now); ok {
				assert.Equal(t, 1, request, "only that with the short timeout")
				expired++
			}
		}
		next, state := a.Claim()
		if state != Claimed {
			break
		}
		if next.Request == 1 {
			assert.Less(t, now.Sub(next.Due), time.Second)
		}
	}
	assert.Positive(t, expired)
}

func TestWhatIsAbandonedIsSaidByRequest(t *testing.T) {
	t.Parallel()
	m := NewMix([]int{3, 1}, "shop", 3)
	a := NewArrivals(NewPacer(&Burst{Rate: 10, Requests: 100}, "shop", 3, Whole()), m, 0, []time.Duration{time.Hour},
		func(_, _ probe.Instant) time.Duration { return 0 })
	advance(a, probe.Instant(3900*time.Millisecond)) // 40 are due
	dropped := make([]uint64, 2)
	later, isCut := a.Abandon(func(request int, n uint64) { dropped[request] += n })
	assert.Equal(t, []uint64{30, 10}, dropped)
	assert.EqualValues(t, 60, later)
	assert.True(t, isCut)
	_, state := a.Claim()
	assert.Equal(t, Exhausted, state)
	_, isCut = a.Abandon(func(int, uint64) { t.Error("again") })
	assert.False(t, isCut)
}

func TestASlowRequestSaysNothingOfAQuickOne(t *testing.T) {
	t.Parallel()
	m := NewMix([]int{1, 1}, "shop", 3)
	a := NewArrivals(NewPacer(&Burst{Rate: 10, Requests: 20}, "shop", 3, Whole()), m, 0, []time.Duration{2 * time.Second},
		func(_, _ probe.Instant) time.Duration { return 0 })
	a.Needs = []*Need{needing(time.Millisecond), needing(1900 * time.Millisecond)}
	now := probe.Instant(1900 * time.Millisecond)
	advance(a, now)
	claims := make([]int, 2)
	for {
		for ok := true; ok; {
			var request int
			if request, _, ok = a.GiveUp(now, now); ok {
				assert.Equal(t, 1, request)
			}
		}
		next, state := a.Claim()
		if state != Claimed {
			break
		}
		claims[next.Request]++
	}
	assert.Equal(t, 10, claims[0])
	assert.LessOrEqual(t, claims[1], 1, "of the slow one only what is due now")
}

func BenchmarkMixRequest(b *testing.B) {
	m := NewMix([]int{8, 2, 5, 1, 1, 1, 70}, "shop", 3)
	b.ReportAllocs()
	for k := int64(0); b.Loop(); k++ {
		m.Request(k)
	}
}

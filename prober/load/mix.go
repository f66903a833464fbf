package load

import (
	"math"
	"math/bits"
	"sort"
)

// Mix says which request of a target each arrival of one burst takes. It is pure arithmetic on
// the weights, the name and the slot, so all shards agree on it.
//
// A block has as many arrivals as the sum of the weights, divided by their greatest common
// divisor. In each block a request occurs exactly as often as its weight says, in random
// order. Each block has another order. A nil Mix is the mix of a target with one request.
//
// The order takes no table. For each arrival Mix computes a permutation of the places in a
// block. The place determines the request, as if the requests stood there in the order of the
// configuration.
type Mix struct {
	// ends[i] is how many places the requests up to i have.
	ends []int64
	seed uint64
	// The permutation has width × height places, a few more than the block.
	width, height int64
}

// mixRounds is how often a permutation changes each coordinate of a place. Blocks of a few
// arrivals need the most: with fewer rounds some of their orders never come.
const mixRounds = 4

// NewMix returns the mix of the burst of a slot: nil for fewer than two weights. No weight is
// below 0, and one is above. Two mixes with the same weights, name and slot are the same on
// every machine.
func NewMix(weights []int, name string, slot int64) *Mix {
	if len(weights) < 2 {
		return nil
	}
	divisor := 0
	for _, w := range weights {
		divisor = greatestDivisor(divisor, w)
	}
	m := &Mix{ends: make([]int64, len(weights)), seed: mix(hashName(name)^mix(uint64(slot))) ^ mixSalt}
	total := int64(0)
	for i, w := range weights {
		total += int64(w / divisor)
		m.ends[i] = total
	}
	m.width = int64(math.Ceil(math.Sqrt(float64(total))))
	m.height = (total + m.width - 1) / m.width
	return m
}

// mixSalt gives the order of the requests other random numbers than the gaps between arrivals:
// both depend on name and slot.
const mixSalt = 0x9e3779b97f4a7c15

// Request returns the request of the arrival k of the burst, an index of the weights. All
// shards count k alike.
func (m *Mix) Request(k int64) int {
	if m == nil {
		return 0
	}
	place := m.place(k)
	return sort.Search(len(m.ends), func(i int) bool { return m.ends[i] > place })
}

// block returns how many arrivals a block has.
func (m *Mix) block() int64 { return m.ends[len(m.ends)-1] }

// place returns the place of the arrival k in its block. It permutes a place behind the end
// again. That ends, because the permutation would come back to where it began.
func (m *Mix) place(k int64) int64 {
	total := m.block()
	key := mix(m.seed ^ mix(uint64(k/total)))
	place := m.permuted(k%total, key)
	for place >= total {
		place = m.permuted(place, key)
	}
	return place
}

// permuted returns the place of x in a random permutation of width × height places: a Feistel
// network. It adds in turn to one coordinate a hash of the other.
func (m *Mix) permuted(x int64, key uint64) int64 {
	column, row := x%m.width, x/m.width
	for range mixRounds {
		key += mixSalt
		column = addBelow(column, mix(key^uint64(row)), m.width)
		key += mixSalt
		row = addBelow(row, mix(key^uint64(column)), m.height)
	}
	return row*m.width + column
}

// addBelow maps random to a number below n and adds that to x, modulo n.
func addBelow(x int64, random uint64, n int64) int64 {
	part, _ := bits.Mul64(random, uint64(n))
	if x += int64(part); x >= n {
		x -= n
	}
	return x
}

func greatestDivisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

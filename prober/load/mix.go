package load

import (
	"math"
	"math/bits"
	"sort"
)

// Mix says which of the requests of a target each arrival of one burst takes. It is pure
// arithmetic on the weights, the name and the slot, so all shards agree on it.
//
// The arrivals are divided into blocks of as many as the weights come to, and within each
// block a request occurs exactly as often as its weight says, in a random order that is
// another one in each block. A nil Mix is that of a target with one request.
//
// The order takes no table: a permutation of the places in a block is computed for each
// arrival, and the place says which request it is, as if the requests stood there in the order
// of the configuration.
type Mix struct {
	// ends[i] is how many places the requests up to i have.
	ends []int64
	seed uint64
	// The permutation is one of width × height places, a few more than there are.
	width, height int64
}

// mixRounds is how often a permutation changes each coordinate of a place. Blocks of a few
// arrivals need the most: with fewer rounds some of their orders never come.
const mixRounds = 4

// NewMix returns the mix of the burst of a slot: nil for fewer than two weights. No weight is
// below 0, and one is above. Two mixes with the same weights, name and slot are the same, on
// whatever machine.
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

// mixSalt makes the order of the requests another random number than the gaps between
// arrivals, which hang on name and slot too.
const mixSalt = 0x9e3779b97f4a7c15

// Request returns which request the arrival k of the burst takes, an index of the weights.
// All shards count k alike.
func (m *Mix) Request(k int64) int {
	if m == nil {
		return 0
	}
	place := m.place(k)
	return sort.Search(len(m.ends), func(i int) bool { return m.ends[i] > place })
}

// block returns how many arrivals a block has.
func (m *Mix) block() int64 { return m.ends[len(m.ends)-1] }

// place returns where in its block the permutation puts the arrival k. What it puts behind
// the end is put once more: that ends, because it would come back to where it began.
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
// network, which in turn adds to one coordinate what a hash makes of the other.
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

// addBelow adds to x what the random number comes to, modulo n.
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

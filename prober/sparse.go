package prober

import (
	"math"
	"slices"
	"time"
)

// sparse holds the buckets of a native histogram. Bucket i counts values above
// upper(i-1) seconds up to upper(i), and upper(i) is 2^(i/2^schema).
type sparse struct {
	zero   uint64
	coarse int // how often the resolution was halved: schema = nativeSchema - coarse
	first  int // the index of counts[0]
	counts []uint64
	used   int // how many of counts are above 0
}

// nativePerOctave is how many buckets there are from a power of two to the next.
const nativePerOctave = 1 << nativeSchema

// mantissaBits are those of a float64 behind its exponent. The first cellBits of them
// tell the bounds of buckets apart: no two have the same.
const (
	mantissaBits = 52
	cellBits     = nativeSchema + 2
)

// mantissas are those of the bounds from 1 to 2, 2^(i/nativePerOctave) each.
var mantissas = func() (m [nativePerOctave]uint64) {
	for i := range m {
		m[i] = mantissa(math.Float64bits(math.Exp2(float64(i) / nativePerOctave)))
	}
	return m
}()

// below counts the bounds below each cell.
var below = func() (n [1 << cellBits]uint8) {
	for cell := range n {
		first := uint64(cell) << (mantissaBits - cellBits)
		for n[cell] < nativePerOctave && mantissas[n[cell]] < first {
			n[cell]++
		}
	}
	return n
}()

func mantissa(bits uint64) uint64 { return bits & (1<<mantissaBits - 1) }

func (s *sparse) observe(d time.Duration) {
	if d == 0 {
		s.zero++
		return
	}
	s.add(halve(bucketOf(d.Seconds()), s.coarse), 1)
	for s.used > nativeBuckets {
		s.halve()
	}
}

// bucketOf returns the bucket of a positive value at the finest resolution. The value is
// that of a duration, and so not as small as to have no exponent.
func bucketOf(v float64) int {
	const bias = 1023 // of exponents
	bits := math.Float64bits(v)
	m := mantissa(bits)
	i := int(below[m>>(mantissaBits-cellBits)])
	if i < nativePerOctave && mantissas[i] < m {
		i++
	}
	return i + (int(bits>>mantissaBits)-bias)*nativePerOctave
}

// halve returns the bucket that bucket i is part of after so many halvings.
func halve(i, times int) int {
	for range times {
		i = (i + 1) >> 1
	}
	return i
}

func (s *sparse) add(i int, n uint64) {
	s.reach(i)
	if s.counts[i-s.first] == 0 {
		s.used++
	}
	s.counts[i-s.first] += n
}

// reach extends counts so that it holds bucket i.
func (s *sparse) reach(i int) {
	switch {
	case len(s.counts) == 0:
		s.first = i
		s.counts = append(s.counts, 0)
	case i < s.first:
		s.counts = slices.Insert(s.counts, 0, make([]uint64, s.first-i)...)
		s.first = i
	case i >= s.first+len(s.counts):
		s.counts = append(s.counts, make([]uint64, i-s.first-len(s.counts)+1)...)
	}
}

// halve joins each two neighbouring buckets.
func (s *sparse) halve() {
	old := *s
	*s = sparse{zero: old.zero, coarse: old.coarse + 1}
	for i, n := range old.counts {
		if n > 0 {
			s.add(halve(old.first+i, 1), n)
		}
	}
}

func (s *sparse) merge(other *sparse) {
	s.zero += other.zero
	for s.coarse < other.coarse {
		s.halve()
	}
	for i, n := range other.counts {
		if n > 0 {
			s.add(halve(other.first+i, s.coarse-other.coarse), n)
		}
	}
	for s.used > nativeBuckets {
		s.halve()
	}
}

// upper returns the upper bound of bucket i in seconds.
func (s *sparse) upper(i int) float64 {
	return math.Exp2(float64(i) / float64(int(1)<<(nativeSchema-s.coarse)))
}

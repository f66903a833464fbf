package numbers

import (
	"math"
	"time"
)

// The grid is that of all distributions: of native histograms, and so of the rows of
// fire, and of the latency of a burst. Bucket i holds what is above 2^((i-1)/16) seconds
// up to 2^(i/16). Halved, two neighbouring buckets are one, and so a coarser
// distribution has no bounds but those of the grid.

// nativeSchema gives 16 buckets per power of two: each ends at 1.044 times the end of
// the one before, so that a quantile is less than 5 % off.
const nativeSchema = 4

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

// bucketOf returns the bucket of a duration above 0 at the finest resolution. In seconds
// it is not as small as to have no exponent.
func bucketOf(d time.Duration) int {
	const bias = 1023 // of exponents
	bits := math.Float64bits(d.Seconds())
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

// boundOf returns the upper bound of bucket i after so many halvings: the longest
// duration that the bucket may hold.
func boundOf(i, times int) time.Duration {
	seconds := math.Exp2(math.Ldexp(float64(i), times-nativeSchema))
	if seconds >= time.Duration(math.MaxInt64).Seconds() {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}

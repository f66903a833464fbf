package numbers

import (
	"math"
	"time"
)

// All distributions use this grid: native histograms, the rows of fire made of them, and the
// latency of a burst. Schema s has 2^s buckets from a power of two to the next: bucket i
// holds durations above 2^((i-1)/2^s) seconds up to 2^(i/2^s). The next lower schema joins
// two neighbouring buckets to one, so all bounds of a coarser distribution are bounds of the
// grid.

// The finest, the usual and the coarsest schema of native histograms. In the usual one, each
// bucket ends at 1.044 times the end of the bucket before, so a quantile is less than 5 %
// off.
const (
	finestSchema   = 8
	usualSchema    = 4
	coarsestSchema = 0
)

// mantissaBits is the number of bits of a float64 behind its exponent.
const mantissaBits = 52

// octave has the bounds of a schema from 1 to 2.
type octave struct {
	schema int
	// mantissas are the mantissas of the bounds, 2^(i/2^schema) each.
	mantissas []uint64
	// below counts the bounds below each cell. All numbers of a cell have the same first bits
	// in their mantissas. A cell is small enough to hold at most one bound.
	below     []uint16
	cellShift int
}

// The usual schema has an octave of its own, small enough to stay in the processor's cache.
var usualOctave, finestOctave = newOctave(usualSchema), newOctave(finestSchema)

func newOctave(schema int) *octave {
	cellBits := schema + 2
	o := &octave{schema: schema, cellShift: mantissaBits - cellBits}
	for i := range 1 << schema {
		o.mantissas = append(o.mantissas, mantissa(math.Float64bits(math.Exp2(math.Ldexp(float64(i), -schema)))))
	}
	n := 0
	for cell := range 1 << cellBits {
		for n < len(o.mantissas) && o.mantissas[n] < uint64(cell)<<o.cellShift {
			n++
		}
		o.below = append(o.below, uint16(n))
	}
	return o
}

func mantissa(bits uint64) uint64 { return bits & (1<<mantissaBits - 1) }

// bucketOf returns the bucket of a duration above 0 in a schema. No duration is small
// enough to be a subnormal number of seconds. It reads the exponent and the mantissa of the
// float. A logarithm would cost more, and may round to the wrong side of a bound.
func bucketOf(d time.Duration, schema int) int {
	const bias = 1023 // of exponents
	o := usualOctave
	if schema > usualSchema {
		o = finestOctave
	}
	bits := math.Float64bits(d.Seconds())
	m := mantissa(bits)
	i := int(o.below[m>>o.cellShift])
	if i < len(o.mantissas) && o.mantissas[i] < m {
		i++
	}
	return coarser(i+(int(bits>>mantissaBits)-bias)<<o.schema, o.schema-schema)
}

// coarser returns the bucket that holds bucket i in a schema that is lower by steps.
func coarser(i, steps int) int { return (i + 1<<steps - 1) >> steps }

// boundOf returns the upper bound of bucket i in a schema: the longest duration in the
// bucket.
func boundOf(i, schema int) time.Duration {
	seconds := math.Exp2(math.Ldexp(float64(i), -schema))
	if seconds >= time.Duration(math.MaxInt64).Seconds() {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}

// schemaOf returns the coarsest schema whose buckets end at no more than factor times the end
// of the bucket before, or the finest schema.
func schemaOf(factor float64) int {
	for schema := coarsestSchema; schema < finestSchema; schema++ {
		if math.Exp2(math.Ldexp(1, -schema)) <= factor {
			return schema
		}
	}
	return finestSchema
}

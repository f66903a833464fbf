package numbers

import (
	"math"
	"time"
)

// The grid is that of all distributions: of native histograms, and so of the rows of
// fire, and of the latency of a burst. Schema s has 2^s buckets from a power of two to the
// next: bucket i holds what is above 2^((i-1)/2^s) seconds up to 2^(i/2^s). In the schema
// below, two neighbouring buckets are one, and so a coarser distribution has no bounds but
// those of the grid.

// The schemas of native histograms: the finest and the coarsest that can be asked for, and
// the usual one, in which each bucket ends at 1.044 times the end of the one before, so that
// a quantile is less than 5 % off.
const (
	finestSchema   = 8
	usualSchema    = 4
	coarsestSchema = 0
)

// mantissaBits are those of a float64 behind its exponent.
const mantissaBits = 52

// octave has the bounds of a schema from 1 to 2.
type octave struct {
	schema int
	// mantissas are those of the bounds, 2^(i/2^schema) each.
	mantissas []uint64
	// below counts the bounds below each cell. All numbers of a cell have the same first
	// bits in their mantissas, so many that no two bounds are in one.
	below     []uint16
	cellShift int
}

// The usual schema has an octave of its own, which is small enough to stay at hand in the
// processor.
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

// bucketOf returns the bucket of a duration above 0 in a schema. In seconds it is not as
// small as to have no exponent.
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

// coarser returns the bucket that bucket i is part of in a schema that is lower by steps.
func coarser(i, steps int) int { return (i + 1<<steps - 1) >> steps }

// boundOf returns the upper bound of bucket i in a schema: the longest duration that the
// bucket may hold.
func boundOf(i, schema int) time.Duration {
	seconds := math.Exp2(math.Ldexp(float64(i), -schema))
	if seconds >= time.Duration(math.MaxInt64).Seconds() {
		return math.MaxInt64
	}
	return time.Duration(seconds * float64(time.Second))
}

// schemaOf returns the coarsest schema in which each bucket ends at no more than factor times
// the end of the one before, or the finest schema.
func schemaOf(factor float64) int {
	for schema := coarsestSchema; schema < finestSchema; schema++ {
		if math.Exp2(math.Ldexp(1, -schema)) <= factor {
			return schema
		}
	}
	return finestSchema
}

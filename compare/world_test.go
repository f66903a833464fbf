package compare

import (
	"math"
	"math/rand/v2"
	"time"
)

// world makes the requests of two sides.
type world struct {
	n        int // on each side
	isPaired bool
	fill     func(r *rand.Rand, n int, old, add *side)
}

// side puts consecutive requests into slices.
type side struct {
	Sample
	n, at int
}

const worldSlices = 32

func newSide(n int) *side { return &side{Sample: Sample{Slices: make([]Slice, worldSlices)}, n: n} }

func (s *side) next() *Slice {
	s.at++
	return &s.Slices[(s.at-1)*worldSlices/s.n]
}

func (s *side) took(seconds float64) { s.next().Add(time.Duration(seconds * 1e9)) }
func (s *side) failed()              { s.next().Failed++ }

// run compares the two sides of a world made from a seed.
func (w world) run(seed uint64) *Result {
	old, add := newSide(w.n), newSide(w.n)
	w.fill(rand.New(rand.NewPCG(seed, uint64(w.n))), w.n, old, add)
	return Compare(&old.Sample, &add.Sample, Options{Margin: DefaultMargin, Paired: w.isPaired})
}

func logNormal(r *rand.Rand, sigma float64) float64 { return 0.02 * math.Exp(sigma*r.NormFloat64()) }

// independent draws each request by itself. change turns a latency of the old version into one of the
// new.
func independent(draw func(r *rand.Rand) float64, change func(seconds float64) float64) func(*rand.Rand, int, *side, *side) {
	return func(r *rand.Rand, n int, old, add *side) {
		for range n {
			old.took(draw(r))
			add.took(change(draw(r)))
		}
	}
}

func unchanged(seconds float64) float64 { return seconds }
func byFifth(seconds float64) float64   { return 1.2 * seconds }

// tailByFifth makes only the slowest twentieth of the latencies slower.
func tailByFifth(seconds float64) float64 {
	if seconds > 0.02*math.Exp(0.5*1.645) {
		return byFifth(seconds)
	}
	return seconds
}

func usual(r *rand.Rand) float64  { return logNormal(r, 0.5) }
func pareto(r *rand.Rand) float64 { return 0.005 * math.Pow(1-r.Float64(), -1/1.5) }

// twoPeaks makes three requests in two hundred take fifty times as long.
func twoPeaks(r *rand.Rand) float64 {
	if r.Float64() < 0.985 {
		return logNormal(r, 0.1)
	}
	return 50 * logNormal(r, 0.3)
}

// failing makes shares of the requests fail.
func failing(oldShare, newShare float64) func(*rand.Rand, int, *side, *side) {
	one := func(r *rand.Rand, s *side, share float64) {
		if r.Float64() < share {
			s.failed()
		} else {
			s.took(usual(r))
		}
	}
	return func(r *rand.Rand, n int, old, add *side) {
		for range n {
			one(r, old, oldShare)
			one(r, add, newShare)
		}
	}
}

// stalls stop the answers now and then: requests due meanwhile wait for the end. Both sides may have the
// same stalls.
func stalls(count int, mean float64, isCommon bool) func(*rand.Rand, int, *side, *side) {
	waits := func(r *rand.Rand, n int) []float64 {
		all := make([]float64, n)
		for range count {
			at, length := r.IntN(n), 1+int(mean*r.ExpFloat64())
			for j := at; j < min(at+length, n); j++ {
				all[j] += 0.002 * float64(at+length-j)
			}
		}
		return all
	}
	return func(r *rand.Rand, n int, old, add *side) {
		oldWaits := waits(r, n)
		newWaits := oldWaits
		if !isCommon {
			newWaits = waits(r, n)
		}
		for i := range n {
			old.took(logNormal(r, 0.3) + oldWaits[i])
			add.took(logNormal(r, 0.3) + newWaits[i])
		}
	}
}

// drifting makes the level of the latencies wander: a request goes on from that before it.
func drifting(memory float64, isCommon bool) func(*rand.Rand, int, *side, *side) {
	const deviation = 0.3
	return func(r *rand.Rand, n int, old, add *side) {
		step := deviation * math.Sqrt(1-memory*memory)
		oldLevel, newLevel := deviation*r.NormFloat64(), deviation*r.NormFloat64()
		for range n {
			oldLevel = memory*oldLevel + step*r.NormFloat64()
			newLevel = memory*newLevel + step*r.NormFloat64()
			if isCommon {
				newLevel = oldLevel
			}
			old.took(logNormal(r, 0.3) * math.Exp(oldLevel))
			add.took(logNormal(r, 0.3) * math.Exp(newLevel))
		}
	}
}

// swapped exchanges the versions.
func swapped(fill func(*rand.Rand, int, *side, *side)) func(*rand.Rand, int, *side, *side) {
	return func(r *rand.Rand, n int, old, add *side) { fill(r, n, add, old) }
}

// shifted adds a fifth to every latency of the new version.
func shifted(fill func(*rand.Rand, int, *side, *side)) func(*rand.Rand, int, *side, *side) {
	return func(r *rand.Rand, n int, old, add *side) {
		fill(r, n, old, add)
		for i := range add.Slices {
			s := &add.Slices[i]
			counts := make(map[int]uint64, len(s.Counts))
			for bucket, count := range s.Counts {
				counts[bucket+17] = count // 2^(17/64) is 1.2
			}
			s.Counts = counts
		}
	}
}

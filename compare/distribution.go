package compare

import (
	"maps"
	"math"
	"slices"
)

// distribution is a sample without regard to time. Failures lie above all latencies.
type distribution struct {
	buckets []int
	below   []float64 // how many requests lie below each bucket, and at last in all of them
	total   float64
}

func distributionOf(s *Sample) *distribution {
	var all Slice
	for i := range s.Slices {
		all.Merge(s.Slices[i])
	}
	d := &distribution{buckets: slices.Sorted(maps.Keys(all.Counts)), total: float64(all.Total())}
	below := 0.0
	for _, b := range d.buckets {
		d.below = append(d.below, below)
		below += float64(all.Counts[b])
	}
	d.below = append(d.below, below)
	return d
}

// succeeded returns how many requests have a latency.
func (d *distribution) succeeded() float64 { return d.below[len(d.buckets)] }

// place is a point of a distribution: a share of one of its buckets. The requests of a bucket
// count as evenly spread over the logarithm of the latency.
type place struct {
	bucket int
	share  float64
}

// log returns the natural logarithm of the latency in seconds.
func (p place) log() float64 { return (float64(p.bucket) - 1 + p.share) * math.Ln2 / perOctave }

// at returns the place with so many requests below it, false if no latency is there.
func (d *distribution) at(rank float64) (p place, ok bool) {
	if rank <= 0 || rank > d.succeeded() {
		return place{}, false
	}
	i, isEnd := slices.BinarySearch(d.below[1:], rank)
	if isEnd {
		return place{d.buckets[i], 1}, true
	}
	return place{d.buckets[i], (rank - d.below[i]) / (d.below[i+1] - d.below[i])}, true
}

// log returns the logarithm of the latency with so many requests below it. It is minus or
// plus infinity if the sample has too few requests, or too many failures, to know.
func (d *distribution) log(rank float64) float64 {
	const half = 0.5 // the least and the greatest latency are order statistics 1 and n
	switch p, ok := d.at(rank); {
	case rank < half:
		return math.Inf(-1)
	case !ok || rank > d.total-half:
		return math.Inf(1)
	default:
		return p.log()
	}
}

package compare

import (
	"math"
	"time"
)

// perOctave is the number of buckets from a power of two to the next: each ends at 1.011
// times the end of the bucket before.
const perOctave = 64

// Slice has the results of the requests of one part of the time. The zero value has none.
type Slice struct {
	// Counts has the number of successful requests by bucket: bucket i holds the latencies
	// above 2^((i-1)/64) seconds up to 2^(i/64).
	Counts map[int]uint64
	// Failed is how many requests failed, or were never sent because of the target.
	Failed uint64
}

// Sample has the results of the requests of one side, in the order of time.
type Sample struct{ Slices []Slice }

// Add counts a successful request.
func (s *Slice) Add(latency time.Duration) {
	if s.Counts == nil {
		s.Counts = make(map[int]uint64)
	}
	s.Counts[bucketOf(latency)]++
}

// Merge adds the counts of other.
func (s *Slice) Merge(other Slice) {
	s.Failed += other.Failed
	if s.Counts == nil && len(other.Counts) > 0 {
		s.Counts = make(map[int]uint64, len(other.Counts))
	}
	for i, n := range other.Counts {
		s.Counts[i] += n
	}
}

// Total returns how many requests were counted.
func (s *Slice) Total() uint64 {
	n := s.Failed
	for _, count := range s.Counts {
		n += count
	}
	return n
}

// Total returns how many requests were counted.
func (s *Sample) Total() (n uint64) {
	for i := range s.Slices {
		n += s.Slices[i].Total()
	}
	return n
}

// Failed returns how many requests failed.
func (s *Sample) Failed() (n uint64) {
	for i := range s.Slices {
		n += s.Slices[i].Failed
	}
	return n
}

// FailEvenly counts n more failures of unknown times, spread over the slices.
func (s *Sample) FailEvenly(n uint64) {
	if n == 0 {
		return
	}
	if len(s.Slices) == 0 {
		s.Slices = make([]Slice, 1)
	}
	slots := uint64(len(s.Slices))
	for i := range s.Slices {
		at := uint64(i)
		s.Slices[i].Failed += n/slots + (at+1)*(n%slots)/slots - at*(n%slots)/slots
	}
}

// bucketOf returns the bucket of a latency; latencies below a nanosecond count as one.
func bucketOf(latency time.Duration) int {
	return int(math.Ceil(math.Log2(max(latency, 1).Seconds()) * perOctave))
}

// below returns how many requests of the slice lie below the place.
func (s *Slice) below(p place) float64 {
	n := 0.0
	for bucket, count := range s.Counts {
		switch {
		case bucket < p.bucket:
			n += float64(count)
		case bucket == p.bucket:
			n += float64(count) * p.share
		}
	}
	return n
}

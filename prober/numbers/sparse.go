package numbers

import (
	"iter"
	"slices"
	"time"
)

// sparse holds the buckets of a native histogram, on the grid.
type sparse struct {
	zero   uint64
	coarse int // schema = usualSchema - coarse
	first  int // the index of counts[0]
	counts []uint64
	used   int // how many of counts are above 0
}

func (s *sparse) observe(d time.Duration) {
	if d == 0 {
		s.zero++
		return
	}
	s.add(bucketOf(d, s.schema()), 1)
	s.limit()
}

func (s *sparse) schema() int { return usualSchema - s.coarse }

// isEmpty reports whether nothing was counted.
func (s *sparse) isEmpty() bool { return s.zero == 0 && len(s.counts) == 0 }

// limit halves the resolution while too many buckets are in use. Each schema above the usual one
// may use twice as many.
func (s *sparse) limit() {
	for s.used > nativeBuckets<<max(0, -s.coarse) {
		s.halve()
	}
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
	// Room grows on either side, up to the bucket that is needed. A duration has 63 bits,
	// so the usual schema has about a thousand buckets at most.
	case i < s.first:
		s.counts = slices.Insert(s.counts, 0, make([]uint64, s.first-i)...)
		s.first = i
	case i >= s.first+len(s.counts):
		s.counts = append(s.counts, make([]uint64, i-s.first-len(s.counts)+1)...)
	}
}

// halve joins neighbouring buckets in pairs. Nothing is lost but resolution: each bound of
// the coarser schema is one of the finer.
func (s *sparse) halve() {
	old := *s
	*s = sparse{zero: old.zero, coarse: old.coarse + 1}
	for i, n := range old.counts {
		if n > 0 {
			s.add(coarser(old.first+i, 1), n)
		}
	}
}

func (s *sparse) merge(other *sparse) {
	if s.isEmpty() {
		s.coarse = other.coarse
	}
	s.zero += other.zero
	for s.coarse < other.coarse {
		s.halve()
	}
	for i, n := range other.counts {
		if n > 0 {
			s.add(coarser(other.first+i, s.coarse-other.coarse), n)
		}
	}
	s.limit()
}

// bound returns the upper bound of bucket i.
func (s *sparse) bound(i int) time.Duration { return boundOf(i, s.schema()) }

// shortGap is the largest number of empty buckets that take less room than another span.
const shortGap = 2

// emptyRun returns how many empty buckets counts begins with. Between the latencies of a target
// lie hundreds of them, so it looks at eight at once.
func emptyRun(counts []uint64) (n int) {
	for n+8 <= len(counts) {
		c := counts[n : n+8]
		if c[0]|c[1]|c[2]|c[3]|c[4]|c[5]|c[6]|c[7] != 0 {
			break
		}
		n += 8
	}
	for n < len(counts) && counts[n] == 0 {
		n++
	}
	return n
}

// spans yields the runs of buckets of the exposition format: the number of buckets between a run
// and the run before, or bucket 0, and the length of the run. Only short gaps are in a run.
func (s *sparse) spans() iter.Seq2[int, uint64] {
	return func(yield func(int, uint64) bool) {
		next := 0 // the index after the last bucket in use
		offset, length := 0, uint64(0)
		for i := emptyRun(s.counts); i < len(s.counts); i += 1 + emptyRun(s.counts[i+1:]) {
			index := s.first + i
			if length == 0 || index-next > shortGap {
				if length > 0 && !yield(offset, length) {
					return
				}
				offset, length, next = index-next, 0, index
			}
			length += uint64(index-next) + 1
			next = index + 1
		}
		if length > 0 {
			yield(offset, length)
		}
	}
}

// deltas yields the counts of the buckets of all spans, each minus the count before.
func (s *sparse) deltas() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		var last int64
		gap := shortGap + 1 // empty buckets since the last one in use
		for i := emptyRun(s.counts); i < len(s.counts); {
			count := s.counts[i]
			for ; gap > 0 && gap <= shortGap; gap-- {
				if !yield(-last) {
					return
				}
				last = 0
			}
			if !yield(int64(count) - last) {
				return
			}
			last, gap = int64(count), emptyRun(s.counts[i+1:])
			i += 1 + gap
		}
	}
}

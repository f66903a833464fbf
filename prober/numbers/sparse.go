package numbers

import (
	"slices"
	"time"
)

// sparse holds the buckets of a native histogram, those of the grid.
type sparse struct {
	zero   uint64
	coarse int // how often the resolution was halved: schema = nativeSchema - coarse
	first  int // the index of counts[0]
	counts []uint64
	used   int // how many of counts are above 0
}

func (s *sparse) observe(d time.Duration) {
	if d == 0 {
		s.zero++
		return
	}
	s.add(halve(bucketOf(d), s.coarse), 1)
	for s.used > nativeBuckets {
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

// bound returns the upper bound of bucket i.
func (s *sparse) bound(i int) time.Duration { return boundOf(i, s.coarse) }

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

// fractions are the bounds of the buckets between 0.5 and 1, those included
// that math.Frexp's fraction can equal: 2^(i/8)/2.
var fractions = func() (f [1 << nativeSchema]float64) {
	for i := range f {
		f[i] = math.Exp2(float64(i)/float64(len(f))) / 2
	}
	return f
}()

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

// bucketOf returns the bucket of a positive value at the finest resolution.
func bucketOf(v float64) int {
	fraction, exponent := math.Frexp(v)
	i := 0
	for i < len(fractions) && fractions[i] < fraction {
		i++
	}
	return i + (exponent-1)*len(fractions)
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

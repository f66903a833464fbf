package compare

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	// mostBucket bounds the number of a bucket, on both sides of 0: beyond all durations.
	mostBucket = 4096
	// mostCount bounds a number of requests, so that sums fit a float64.
	mostCount = 1 << 40
)

// Latencies returns the counts of the slice as text, such as "-361:12 -360:7": the number of a
// bucket, and how many requests are in it.
func (s *Slice) Latencies() string {
	var text strings.Builder
	for i, bucket := range slices.Sorted(maps.Keys(s.Counts)) {
		if i > 0 {
			text.WriteByte(' ')
		}
		fmt.Fprintf(&text, "%d:%d", bucket, s.Counts[bucket])
	}
	return text.String()
}

// ParseSlice reads the output of [Slice.Latencies]. An error holds no part of the text.
func ParseSlice(latencies string, failed uint64) (s Slice, err error) {
	if failed > mostCount {
		return Slice{}, errors.New("has more failures than can be")
	}
	s.Failed = failed
	for field := range strings.FieldsSeq(latencies) {
		name, count, ok := strings.Cut(field, ":")
		bucket, err := strconv.Atoi(name)
		n, wrong := strconv.ParseUint(count, 10, 64)
		if !ok || err != nil || wrong != nil || bucket < -mostBucket || bucket > mostBucket || n == 0 || n > mostCount {
			return Slice{}, errors.New("must be numbers of buckets with their counts, such as -361:12 -360:7")
		}
		if s.Counts == nil {
			s.Counts = make(map[int]uint64)
		}
		if s.Counts[bucket] > 0 {
			return Slice{}, errors.New("has a bucket twice")
		}
		s.Counts[bucket] = n
	}
	return s, nil
}

package numbers

import (
	"math"
	"time"
)

// LatencyRows is how many rows the distribution of a burst's latency has. Two rows
// cover a power of two, from 31 µs to 32 s.
const LatencyRows = latencyBuckets / bucketsPerRow

const (
	latencySchema  = 3
	shortest       = -15 // the power of two in seconds at which the buckets begin
	octaves        = 20
	perOctave      = 1 << latencySchema
	latencyBuckets = octaves * perOctave
	bucketsPerRow  = 4
)

// latencies counts latencies in buckets of the grid, eight for a power of two. The first
// bucket also holds shorter latencies, the last bucket longer ones.
type latencies struct {
	counts  [latencyBuckets]uint32
	longest time.Duration
}

func (l *latencies) observe(d time.Duration) {
	n := &l.counts[latencyBucket(d)]
	if *n == math.MaxUint32 {
		l.halve()
	}
	*n++
	l.longest = max(l.longest, d)
}

// halve makes room in a full bucket. The shares stay the same. A count that began anew
// instead would make the slowest or the fastest requests of a long burst disappear.
func (l *latencies) halve() {
	for i, n := range l.counts {
		l.counts[i] = n - n/2 // a bucket in use stays above 0
	}
}

func (l *latencies) merge(from *latencies) {
	for i, n := range from.counts {
		l.counts[i] = clip(uint64(l.counts[i]) + uint64(n))
	}
	l.longest = max(l.longest, from.longest)
}

func latencyBucket(d time.Duration) int {
	if d <= 0 {
		return 0
	}
	i := bucketOf(d, latencySchema) - shortest*perOctave - 1
	return min(max(i, 0), latencyBuckets-1)
}

// bucketStart returns the longest duration below a bucket.
func bucketStart(i int) time.Duration { return boundOf(i+shortest*perOctave, latencySchema) }

// quantile is a quantile of a burst in one byte: its bucket, counted from 1, or 0 for an
// empty burst.
type quantile uint8

// quantile returns the bucket of the q-quantile.
func (l *latencies) quantile(q float64) quantile {
	rank := uint64(math.Ceil(q * float64(l.total())))
	var seen uint64
	for i, n := range l.counts {
		if seen += uint64(n); n > 0 && seen >= rank {
			return quantile(i + 1)
		}
	}
	return 0
}

// duration returns the middle of the bucket, at most 6 % off, or the longest duration if
// that is less.
func (q quantile) duration(longest time.Duration) time.Duration {
	switch i := int(q) - 1; i {
	case -1:
		return 0
	case latencyBuckets - 1:
		return longest
	default:
		return min((bucketStart(i)+bucketStart(i+1))/2, longest)
	}
}

func (l *latencies) total() (n uint64) {
	for _, c := range l.counts {
		n += uint64(c)
	}
	return n
}

// rows returns the share of the requests in each row: 255 is all of them, 0 none.
func (l *latencies) rows() (rows [LatencyRows]uint8) {
	total := l.total()
	for row := range rows {
		var n uint64
		for _, c := range l.counts[row*bucketsPerRow : (row+1)*bucketsPerRow] {
			n += uint64(c)
		}
		if n > 0 {
			// Rounded up: a row with one request in a million is not empty on the page.
			rows[row] = uint8((n*math.MaxUint8 + total - 1) / total)
		}
	}
	return rows
}

// LatencyRow returns the start of a row: its durations are above it. For LatencyRows it
// returns the end of the last row.
func LatencyRow(row int) time.Duration { return bucketStart(row * bucketsPerRow) }

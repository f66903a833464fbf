package compare

import (
	"sync"
	"time"
)

const (
	// mostSlices is the limit of slices: beyond it two neighbours become one.
	mostSlices = 64
	// firstSlice is the length of a slice at first. Later lengths are firstSlice times a power of
	// two.
	firstSlice = 64 * time.Microsecond
)

// Collector makes samples of requests as they end. It is safe for concurrent use, and its memory is
// bounded, however long it goes on.
type Collector struct {
	mu    sync.Mutex
	width time.Duration
	sides []Sample
}

// NewCollector returns a collector for so many sides. Slices of all sides are of the same times.
func NewCollector(sides int) *Collector {
	return &Collector{width: firstSlice, sides: make([]Sample, sides)}
}

// Add counts a request of a side. at is its due time after the start; latency counts unless it
// failed.
func (c *Collector) Add(side int, at, latency time.Duration, failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := max(at, 0) / c.width
	for ; i >= mostSlices; i /= 2 {
		c.fold()
	}
	s := &c.sides[side]
	for len(s.Slices) <= int(i) {
		s.Slices = append(s.Slices, Slice{})
	}
	if failed {
		s.Slices[i].Failed++
		return
	}
	s.Slices[i].Add(latency)
}

// Samples returns the samples by side. The collector is not used any more.
func (c *Collector) Samples() []Sample {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sides
}

// fold makes slices twice as long.
func (c *Collector) fold() {
	c.width *= 2
	for i := range c.sides {
		c.sides[i].fold()
	}
}

// fold joins the slices two by two.
func (s *Sample) fold() {
	for i := range s.Slices {
		if i%2 == 0 {
			s.Slices[i/2] = s.Slices[i]
		} else {
			s.Slices[i/2].Merge(s.Slices[i])
		}
	}
	s.Slices = s.Slices[:(len(s.Slices)+1)/2]
}

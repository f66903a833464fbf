package numbers

import "example.com/prober/errcode"

// Memory holds the snapshots of one scrape. The next scrape uses it again: otherwise the
// snapshots of many targets would be garbage after each scrape. Without a Memory, each
// snapshot allocates.
type Memory struct {
	counts        slab[uint64]
	histograms    slab[Histogram]
	distributions slab[Distributions]
	byCode        slab[map[errcode.Code]*Histogram]
	targets       []Snapshot
}

// Snapshots returns n empty snapshots. The earlier snapshots from this memory are no longer
// valid.
func (m *Memory) Snapshots(n int) []Snapshot {
	m.counts.reset()
	m.histograms.reset()
	m.distributions.reset()
	m.byCode.reset()
	// After many targets have gone, their memory goes too.
	if n > cap(m.targets) || n < cap(m.targets)/2 {
		m.targets = make([]Snapshot, n)
	}
	m.targets = m.targets[:n]
	clear(m.targets)
	return m.targets
}

// clone returns a copy of h that shares nothing with it.
func (m *Memory) clone(h *Histogram) Histogram {
	if m == nil {
		return h.Clone()
	}
	c := *h
	c.classic, c.native.counts = m.copied(h.classic), m.copied(h.native.counts)
	return c
}

func (m *Memory) copied(counts []uint64) []uint64 {
	if counts == nil {
		return nil
	}
	c := m.counts.take(len(counts))
	copy(c, counts)
	return c
}

// cloneDistributions returns a copy that shares nothing with d, without ByCode.
func (m *Memory) cloneDistributions(d *Distributions) *Distributions {
	var c *Distributions
	if m == nil {
		c = new(Distributions)
	} else {
		c = &m.distributions.take(1)[0]
	}
	c.ByCode = nil
	c.Lag, c.ReceiveLag, c.BurstDuration = m.clone(&d.Lag), m.clone(&d.ReceiveLag), m.clone(&d.BurstDuration)
	for p := range c.Phases {
		c.Phases[p] = m.clone(&d.Phases[p])
	}
	return c
}

// cloneByCode returns a copy that shares nothing with byCode.
func (m *Memory) cloneByCode(byCode map[errcode.Code]*Histogram) map[errcode.Code]*Histogram {
	if m == nil {
		return cloneHistograms(byCode)
	}
	kept := m.byCode.take(1)
	if kept[0] == nil {
		kept[0] = make(map[errcode.Code]*Histogram, len(byCode))
	}
	clear(kept[0])
	copies := m.histograms.take(len(byCode))
	for code, h := range byCode {
		copies[0] = m.clone(h)
		kept[0][code] = &copies[0]
		copies = copies[1:]
	}
	return kept[0]
}

// slab hands out values, and hands them out again after a reset. They keep their old
// contents.
type slab[T any] struct {
	blocks [][]T
	block  int // the index of the current block
	used   int // values of the current block
}

// slabBlock is how many values a block has at least.
const slabBlock = 1024

// reset makes all values free, and gives back the unused blocks.
func (s *slab[T]) reset() {
	if keep := s.block + 1; keep < len(s.blocks) {
		clear(s.blocks[keep:])
		s.blocks = s.blocks[:keep]
	}
	s.block, s.used = 0, 0
}

// take returns n values side by side. A block never moves, so the slices taken from it stay
// valid until reset. Their capacity ends with them, so an append to one does not write into
// the next.
func (s *slab[T]) take(n int) []T {
	for s.block < len(s.blocks) && s.used+n > len(s.blocks[s.block]) {
		s.block, s.used = s.block+1, 0
	}
	if s.block == len(s.blocks) {
		s.blocks = append(s.blocks, make([]T, max(n, slabBlock)))
	}
	taken := s.blocks[s.block][s.used : s.used+n : s.used+n]
	s.used += n
	return taken
}

package content

import (
	"math/bits"
	"slices"
	"sync"

	"example.com/prober/errcode"
)

const (
	// ownRoom is how many bytes of a body a worker keeps in its own space.
	ownRoom = 16 << 10
	// mostFree bounds the space kept for later bodies.
	mostFree = 8 << 20
)

// ErrNoSpace means that the ceiling leaves no room to keep a body.
var ErrNoSpace = errcode.New(errcode.LocalResources, "the bodies that are kept now use all of --limit.kept-bodies")

// space holds the longer bodies of all requests while they come and until they have been
// looked at. Its arrays are used again: left to the collector, they would need as much
// memory again until its next run.
type space struct {
	most int // bytes; 0 means no ceiling

	mu   sync.Mutex
	lent int      // bytes of the space in use
	held int      // lent, and the free bytes
	free [][]byte // space not in use
}

// lend returns empty space for need bytes, and more if need may grow to most bytes. It
// reports whether the ceiling allows it. The space has to be given back.
func (s *space) lend(need, most int) (p []byte, ok bool) {
	size := max(need, min(1<<bits.Len(uint(need-1)), most))
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, p := range s.free {
		if cap(p) >= need && (best < 0 || cap(p) < cap(s.free[best])) {
			best = i
		}
	}
	if best >= 0 && cap(s.free[best]) <= 2*size {
		p = s.free[best]
		s.free = slices.Delete(s.free, best, best+1)
		s.lent += cap(p)
		return p, true
	}
	if s.most > 0 && s.lent+size > s.most {
		return nil, false
	}
	s.shrink(size)
	s.lent, s.held = s.lent+size, s.held+size
	return make([]byte, 0, size), true
}

// shrink drops free space until there is room for size more bytes. The longest goes
// first: short space fits everywhere.
func (s *space) shrink(size int) {
	for s.most > 0 && s.held+size > s.most {
		longest := 0
		for i, p := range s.free {
			if cap(p) > cap(s.free[longest]) {
				longest = i
			}
		}
		s.held -= cap(s.free[longest])
		s.free = slices.Delete(s.free, longest, longest+1)
	}
}

// giveBack takes back the space returned by lend.
func (s *space) giveBack(p []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent -= cap(p)
	if s.held-s.lent > mostFree {
		s.held -= cap(p)
		return
	}
	s.free = append(s.free, p[:0])
}

// used returns how many bytes of space are in use.
func (s *space) used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lent
}

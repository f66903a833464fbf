package http2

import (
	"slices"

	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
)

// maxStreamID is the last stream of a connection (RFC 9113, section 5.1.1).
const maxStreamID = 1<<31 - 1

// streams are the streams of a connection.
type streams struct {
	open        []*stream   // ascending by id
	unsent      []*stream   // those of them whose content is not sent completely, ascending by id
	place       probe.Place // taken while none is open
	found       int         // index in open of the stream found last
	nextID      uint32
	peerStreams uint32 // how many the peer allows
	// resets are the streams that we gave up, unknown to the peer yet. A new one overwrites the oldest. Streams up to
	// forgotten count as given up too. ignorable is how many bytes of their content may still arrive.
	resets    [256]uint32
	resetNext int
	forgotten uint32
	ignorable int64
}

// find returns the open stream id, or nil.
func (s *streams) find(id uint32) *stream {
	if i, ok := s.index(id); ok {
		return s.open[i]
	}
	return nil
}

// index begins at the position of the last search: the frames of a response mostly come one after the other.
func (s *streams) index(id uint32) (int, bool) {
	if s.found < len(s.open) && s.open[s.found].id == id {
		return s.found, true
	}
	low, high := 0, len(s.open)
	for low < high {
		middle := (low + high) / 2
		if s.open[middle].id < id {
			low = middle + 1
		} else {
			high = middle
		}
	}
	s.found = low
	return low, low < len(s.open) && s.open[low].id == id
}

// endStream removes st from the open streams and wakes its worker, which owns it from then on. err is nil after a whole
// response.
func (s *streams) endStream(st *stream, err error) {
	if i, ok := s.index(st.id); ok {
		s.open = slices.Delete(s.open, i, i+1)
		if len(s.open) == 0 {
			s.place.Idle()
		}
	}
	if st.left > 0 {
		s.removeUnsent(st)
	}
	st.finish(err)
}

// removeUnsent notes that no more of the content of st is to be sent.
func (s *streams) removeUnsent(st *stream) {
	if i := slices.Index(s.unsent, st); i >= 0 {
		s.unsent = slices.Delete(s.unsent, i, i+1)
	}
}

// remember notes that we gave up st while it was open.
func (s *streams) remember(st *stream) {
	s.forgotten = max(s.forgotten, s.resets[s.resetNext])
	s.resets[s.resetNext] = st.id
	s.resetNext = (s.resetNext + 1) % len(s.resets)
	s.ignorable += streamWindow
}

// absent checks a frame for a stream that is not open although the frame needs an open one. If we gave the stream up,
// the frame is late; otherwise it breaks the rules (RFC 9113, section 5.1).
func (s *streams) absent(id uint32) error {
	switch {
	case s.isIdle(id):
		return http2.ConnectionError(http2.ErrCodeProtocol)
	case id <= s.forgotten || slices.Contains(s.resets[:], id):
		return nil
	default:
		return http2.ConnectionError(http2.ErrCodeStreamClosed)
	}
}

// isIdle reports whether stream id was never opened. The peer can open none, since we accept no pushes.
func (s *streams) isIdle(id uint32) bool { return id%2 == 0 || id >= s.nextID }

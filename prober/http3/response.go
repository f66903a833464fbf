package http3

import (
	"errors"
	"io"

	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/qpack"
)

const (
	// maxSection bounds a field section as it comes. What is longer has too many fields, or
	// an encoding that serves nothing.
	maxSection = 2 * message.MaxHeaderBytes
	// maxIdleFrames is how many frames in a row may bring nothing.
	maxIdleFrames = 64
)

// response is what has come of a response.
type response struct {
	inbox

	status   int
	interim  int   // informational responses
	length   int64 // Content-Length, or -1
	arrived  int64 // bytes of the content
	bodiless bool
	trailed  bool // its trailers have come
	idle     int  // frames in a row that brought nothing

	head   message.Section
	fields qpack.Decoder
}

func (s *response) begin(bodiless bool) {
	s.inbox.begin()
	s.status, s.interim, s.length, s.arrived = 0, 0, -1, 0
	s.bodiless, s.trailed, s.idle = bodiless, false, 0
}

// receive reads a whole response.
func (st *stream) receive() error {
	st.head.Wanted = st.conn.pool.Wanted
	for {
		kind, length, err := st.frame(st.quic)
		switch {
		case errors.Is(err, io.EOF):
			return st.complete()
		case err != nil:
			return st.cut(err)
		}
		if err := st.take(kind, length); err != nil {
			return st.cut(err)
		}
	}
}

// take reads the payload of one frame and judges it (RFC 9114, sections 4.1 and 7.2).
func (st *stream) take(kind, length uint64) error {
	switch {
	case kind == frameData && st.status == 0:
		return st.breaks(h3FrameUnexpected, "content before the header")
	case (kind == frameData || kind == frameHeaders) && st.trailed:
		return st.breaks(h3FrameUnexpected, "a frame after the trailers")
	case kind == frameData:
		return st.data(length)
	case kind == frameHeaders:
		return st.section(length)
	case kind == framePushPromise:
		return st.breaks(h3ID, "a promise to push, which nobody has allowed")
	case kind == frameCancelPush, kind == frameSettings, kind == frameGoAway, kind == frameMaxPushID, isReserved(kind):
		return st.breaks(h3FrameUnexpected, "a frame that has no place there")
	}
	return st.ignore(length)
}

// ignore drops the payload of a frame whose type is not known (RFC 9114, section 9).
func (st *stream) ignore(length uint64) error {
	if err := st.isIdle(); err != nil {
		return err
	}
	for length > 0 {
		if len(st.have()) == 0 {
			if err := st.fill(st.quic); err != nil {
				return inFrame(err)
			}
		}
		n := min(length, uint64(len(st.have())))
		st.skip(int(n))
		length -= n
	}
	return nil
}

func (st *stream) isIdle() error {
	if st.idle++; st.idle > maxIdleFrames {
		return errFlood
	}
	return nil
}

// section reads and judges a header, or trailers.
func (st *stream) section(length uint64) error {
	if length > maxSection {
		return errHeaderList
	}
	if err := st.need(st.quic, int(length)); err != nil {
		return inFrame(err)
	}
	block := st.have()[:length]
	if err := st.fields.Decode(block, &st.head, message.IsSound); err != nil {
		return broken(qpackSection, st.where()+err.Error())
	}
	st.skip(int(length))
	st.idle = 0
	if st.status != 0 {
		st.trailed = true
		return st.trailers()
	}
	return st.header()
}

// header judges a header. An error is one of the stream.
func (st *stream) header() error {
	h := &st.head
	switch {
	case h.Oversized:
		return errHeaderList
	case h.Fault != "":
		return st.malformed(h.Fault, h.Faulty)
	case h.Status == 0:
		return st.malformed("a header without a status", nil)
	case h.Status == 101: // RFC 9114, section 4.5
		return st.malformed("status 101", nil)
	case h.Status > 599:
		return errStatus
	case h.Status < 200:
		if st.interim++; st.interim > message.MaxInformational {
			return errManyInterim
		}
		return nil
	}
	st.status = h.Status
	st.bodiless = st.bodiless || h.Status == 204 || h.Status == 304
	if !st.bodiless {
		st.length = h.Length
	}
	if st.length > st.conn.pool.MaxBody {
		return errBodyLimit
	}
	st.kept.CopyFields(&h.Kept)
	st.kept.Begin(h.Status)
	return nil
}

// trailers judges the fields after the content.
func (st *stream) trailers() error {
	h := &st.head
	switch {
	case h.Oversized:
		return errHeaderList
	case h.Fault != "":
		return st.malformed(h.Fault, h.Faulty)
	case h.Pseudo:
		return st.malformed("a pseudo-header field", nil)
	}
	return nil
}

// data reads content.
func (st *stream) data(length uint64) error {
	if length == 0 {
		return st.isIdle()
	}
	st.idle = 0
	for length > 0 {
		if len(st.have()) == 0 {
			if err := st.fill(st.quic); err != nil {
				return inFrame(err)
			}
		}
		n := int(min(length, uint64(len(st.have()))))
		if err := st.body(st.have()[:n]); err != nil {
			return err
		}
		st.skip(n)
		length -= uint64(n)
	}
	return nil
}

// body judges the content so far, and keeps part if it is wanted.
func (st *stream) body(part []byte) error {
	st.arrived += int64(len(part))
	switch {
	case st.bodiless, st.length >= 0 && st.arrived > st.length:
		return errOverrun
	case st.arrived > st.conn.pool.MaxBody:
		return errBodyLimit
	}
	err := st.kept.Take(part)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, content.ErrNoSpace):
		return errNoSpace
	default:
		return errInflated
	}
}

// complete judges a response whose stream has ended in order.
func (st *stream) complete() error {
	switch {
	case st.status == 0:
		return st.malformed("no response, and ended it", nil)
	case st.length >= 0 && st.arrived != st.length:
		return errShort
	}
	return nil
}

// inFrame tells the end of a stream within a frame from one between two.
func inFrame(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// cut makes of the end of a stream within a frame the fault that it is (RFC 9114, section
// 7.1).
func (st *stream) cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return st.breaks(h3FrameError, "a frame that the end of the stream cuts")
	}
	return err
}

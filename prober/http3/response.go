package http3

import (
	"errors"
	"io"
	"strconv"

	"github.com/quic-go/quic-go"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/qpack"
)

const (
	// maxSection bounds an encoded field section. A longer section has too many fields, or a
	// wasteful encoding.
	maxSection = 2 * message.MaxHeaderBytes
	// maxIdleFrames is how many frames in a row may bring nothing.
	maxIdleFrames = 64
)

// response is the received part of a response.
type response struct {
	inbox

	from    io.Reader
	stream  int64         // of QUIC, for the text of failures
	maxBody int64         // bytes
	kept    *content.Kept // what is kept of the response, if anything
	answer  *probe.Answer // takes the response in; nil if nobody wants it

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

func (s *response) begin(x *Exchange) {
	s.inbox.begin()
	s.kept, s.maxBody = x.Kept, x.MaxBody
	s.status, s.interim, s.length, s.arrived = 0, 0, -1, 0
	s.bodiless, s.trailed, s.idle = x.Bodiless, false, 0
}

// open sets the source of the response, and the fields to keep.
func (s *response) open(from *quic.Stream, c *conn) {
	p := c.pool
	s.socket = c.socket
	s.from, s.stream, s.head.Wanted = from, int64(from.StreamID()), p.Wanted
	if p.Shows && s.head.All == nil {
		s.head.All = new(message.Lines)
	}
}

// receive reads a whole response.
func (s *response) receive() error {
	for {
		kind, length, err := s.frame(s.from)
		switch {
		case errors.Is(err, io.EOF):
			return s.complete()
		case err != nil:
			return s.cut(err)
		}
		if err := s.take(kind, length); err != nil {
			return s.cut(err)
		}
	}
}

// take reads and checks the payload of one frame (RFC 9114, sections 4.1 and 7.2).
func (s *response) take(kind, length uint64) error {
	switch {
	case kind == frameData && s.status == 0:
		return s.breaks(h3FrameUnexpected, "content before the header")
	case (kind == frameData || kind == frameHeaders) && s.trailed:
		return s.breaks(h3FrameUnexpected, "a frame after the trailers")
	case kind == frameData:
		return s.data(length)
	case kind == frameHeaders:
		return s.section(length)
	case kind == framePushPromise:
		return s.breaks(h3ID, "a promise to push, but the prober allows none")
	case kind == frameCancelPush, kind == frameSettings, kind == frameGoAway, kind == frameMaxPushID, isReserved(kind):
		return s.breaks(h3FrameUnexpected, "a frame that is not allowed there")
	}
	return s.ignore(length)
}

// ignore drops the payload of a frame of an unknown type (RFC 9114, section 9).
func (s *response) ignore(length uint64) error {
	if err := s.isIdle(); err != nil {
		return err
	}
	for length > 0 {
		if len(s.have()) == 0 {
			if err := s.fill(s.from); err != nil {
				return inFrame(err)
			}
		}
		// A length is the server's choice, up to 2^62, and only the smaller of the two fits
		// an int.
		n := min(length, uint64(len(s.have())))
		s.skip(int(n))
		length -= n
	}
	return nil
}

func (s *response) isIdle() error {
	if s.idle++; s.idle > maxIdleFrames {
		return errFlood
	}
	return nil
}

// section reads and checks a header or trailers.
func (s *response) section(length uint64) error {
	if length > maxSection {
		return errHeaderList
	}
	if err := s.need(s.from, int(length)); err != nil {
		return inFrame(err)
	}
	block := s.have()[:length]
	if err := s.fields.Decode(block, &s.head, message.IsSound); err != nil {
		// The connection ends, and not just the stream (RFC 9204, section 2.2): the two
		// sides do not agree on the encoding.
		return broken(qpackSection, s.where()+err.Error())
	}
	s.skip(int(length))
	s.idle = 0
	if s.answer != nil {
		s.showHeader()
	}
	if s.status != 0 {
		s.trailed = true
		return s.trailers()
	}
	return s.header()
}

// header checks a header. An error ends the stream.
func (s *response) header() error {
	h := &s.head
	switch {
	case h.Oversized:
		return errHeaderList
	case h.Fault != "":
		return s.malformed(h.Fault, h.Faulty)
	case h.Status == 0:
		return s.malformed("a header without a status", nil)
	case h.Status == 101: // RFC 9114, section 4.5
		return s.malformed("status 101", nil)
	case h.Status > 599:
		return errStatus
	case h.Status < 200:
		if s.interim++; s.interim > message.MaxInformational {
			return errManyInterim
		}
		return nil
	}
	s.status = h.Status
	s.bodiless = s.bodiless || h.Status == 204 || h.Status == 304
	if !s.bodiless {
		// A response without content may still say how long it would be (RFC 9110, section
		// 8.6).
		s.length = h.Length
	}
	if s.length > s.maxBody {
		return errBodyLimit
	}
	s.kept.CopyFields(&h.Kept)
	s.kept.Begin(h.Status)
	return nil
}

// trailers checks the fields after the content.
func (s *response) trailers() error {
	h := &s.head
	switch {
	case h.Oversized:
		return errHeaderList
	case h.Fault != "":
		return s.malformed(h.Fault, h.Faulty)
	case h.Pseudo:
		return s.malformed("a pseudo-header field", nil)
	}
	return nil
}

// data reads content.
func (s *response) data(length uint64) error {
	if length == 0 {
		return s.isIdle()
	}
	s.idle = 0
	for length > 0 {
		if len(s.have()) == 0 {
			if err := s.fill(s.from); err != nil {
				return inFrame(err)
			}
		}
		n := int(min(length, uint64(len(s.have()))))
		if err := s.body(s.have()[:n]); err != nil {
			return err
		}
		s.skip(n)
		length -= uint64(n)
	}
	return nil
}

// body checks the content so far, and keeps part if it is wanted.
func (s *response) body(part []byte) error {
	s.arrived += int64(len(part))
	switch {
	case s.bodiless, s.length >= 0 && s.arrived > s.length:
		return errOverrun
	case s.arrived > s.maxBody:
		return errBodyLimit
	}
	if s.answer != nil {
		s.answer.Take(part)
	}
	err := s.kept.Take(part)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, content.ErrNoSpace):
		return errNoSpace
	default:
		return errInflated
	}
}

// complete checks a response after an orderly end of its stream.
func (s *response) complete() error {
	switch {
	case s.status == 0:
		return s.malformed("no response, and ended it", nil)
	case s.length >= 0 && s.arrived != s.length:
		return errShort
	}
	return nil
}

// inFrame changes io.EOF within a frame to io.ErrUnexpectedEOF.
func inFrame(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// cut returns the fault for the end of a stream within a frame (RFC 9114, section 7.1),
// and other errors unchanged.
func (s *response) cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return s.breaks(h3FrameError, "a frame that the end of the stream cuts off")
	}
	return err
}

// malformed returns an error that ends a stream with a malformed response or, after the
// header, malformed trailers. name is the faulty field; it is empty if the fault is not
// in a field.
func (s *response) malformed(what string, name []byte) *fault {
	if len(name) > 0 {
		what += ":"
	}
	f := spoilt(h3Message, s.where()+what)
	if s.status != 0 {
		f.err = errcode.Wrap(errcode.Trailers, "malformed trailers", f.err)
	}
	if len(name) > 0 {
		f.err = probe.NewExcerpt(f.err, name)
	}
	return f
}

// breaks returns a fault that ends the connection because of bytes on this stream.
func (s *response) breaks(tell uint64, what string) *fault { return broken(tell, s.where()+what) }

func (s *response) where() string {
	return "on stream " + strconv.FormatInt(s.stream, 10) + " the server sent "
}

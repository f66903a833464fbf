package http2

import (
	"errors"

	"golang.org/x/net/http2"

	"example.com/prober/prober/content"
	"example.com/prober/prober/message"
)

// headers handles the header or trailers of a response in c.head. They came in size bytes of frames; mu is held.
func (c *conn) headers(fh http2.FrameHeader, size int64) error {
	st := c.find(fh.StreamID)
	if st == nil {
		if err := c.absent(fh.StreamID); err != nil {
			return err
		}
		return c.flood.spend(c.readAt)
	}
	c.flood.progress()
	st.received += size
	st.began(c.arrival)
	if st.answer != nil {
		st.showHeader(&c.head)
	}
	ended := fh.Flags.Has(http2.FlagHeadersEndStream)
	err := st.header(&c.head, ended)
	switch {
	case err != nil:
		c.reset(st, err)
	case ended:
		c.complete(st)
	}
	return c.drained()
}

// header checks a header (RFC 9113, section 8.1). An error ends the stream.
func (st *stream) header(h *message.Section, ended bool) error {
	switch {
	case h.Oversized:
		return errHeaderList
	case st.status != 0: // these are trailers
		return st.trailers(h, ended)
	case h.Fault != "":
		return st.malformed(h.Fault, h.Faulty)
	case h.Status == 0:
		return st.malformed("a header without a status", nil)
	// HTTP/2 has no switch to another protocol (RFC 9113, section 8.6).
	case h.Status == 101:
		return st.malformed("status 101", nil)
	case h.Status > 599:
		return errH2Status
	case h.Status < 200 && ended:
		return st.malformed("an informational response that ends the stream", nil)
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
	if st.length > st.maxBody {
		return errH2BodyLimit
	}
	st.kept.CopyFields(&h.Kept)
	st.kept.Begin(h.Status)
	if st.call != nil {
		st.call.Header(h.Status, &h.Kept, ended)
	}
	return nil
}

// trailers checks the fields after the content (RFC 9113, section 8.1).
func (st *stream) trailers(h *message.Section, ended bool) error {
	switch {
	case h.Fault != "":
		return st.malformed(h.Fault, h.Faulty)
	case h.Pseudo:
		return st.malformed("a pseudo-header field", nil)
	case !ended:
		return st.malformed("a header that does not end the stream", nil)
	}
	if st.call != nil {
		st.call.Trailers(&h.Kept)
	}
	return nil
}

// data handles n bytes of content. part has them if they may be kept; mu is held.
func (c *conn) data(fh http2.FrameHeader, n int64, part []byte) error {
	st := c.find(fh.StreamID)
	if st == nil {
		return c.ignoreData(fh)
	}
	ended := fh.Flags.Has(http2.FlagDataEndStream)
	if n == 0 && !ended {
		if err := c.flood.spend(c.readAt); err != nil {
			return err
		}
	} else {
		c.flood.progress()
	}
	st.received += frameHeaderSize + int64(fh.Length)
	st.began(c.arrival)
	st.arrived += n
	if err := st.body(n, part); err != nil {
		// The stream needs no window any more. That of the connection counts all bytes of
		// the frame, padding too (section 6.1), and would run out for the other streams.
		c.giveBack(nil, int64(fh.Length))
		c.reset(st, err)
		return c.drained()
	}
	if ended {
		c.giveBack(nil, int64(fh.Length))
		c.complete(st)
		return c.drained()
	}
	c.giveBack(st, int64(fh.Length))
	return nil
}

// body checks the content so far (RFC 9113, section 8.1.1).
func (st *stream) body(n int64, part []byte) error {
	switch {
	case st.status == 0:
		return st.malformed("content before the header", nil)
	case st.bodiless && n > 0, st.length >= 0 && st.arrived > st.length:
		return errOverrun
	case st.arrived > st.maxBody:
		return errH2BodyLimit
	}
	if st.answer != nil {
		st.answer.Take(part)
	}
	if st.call != nil {
		if err := st.call.Data(part, st.conn.arrival); err != nil {
			return &protocolError{http2.ErrCodeCancel, err}
		}
	}
	err := st.kept.Take(part)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, content.ErrNoSpace):
		return errH2NoSpace
	default:
		return errH2Inflated
	}
}

// ignoreData drops content of a stream that is not open. That is allowed if we gave the stream up and the peer keeps to
// its window.
func (c *conn) ignoreData(fh http2.FrameHeader) error {
	if err := c.absent(fh.StreamID); err != nil {
		return err
	}
	// Each stream that we gave up had a window, and the peer may have sent all of it before
	// our RST_STREAM came. More than that is no accident.
	if c.ignorable -= int64(fh.Length); c.ignorable < 0 {
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	if fh.Length == 0 {
		return c.flood.spend(c.readAt)
	}
	c.giveBack(nil, int64(fh.Length))
	return nil
}

// complete ends st after the end of its response; mu is held.
func (c *conn) complete(st *stream) {
	st.last = c.arrival
	c.pings = 0
	var err error
	if st.length >= 0 && st.arrived != st.length {
		err = errShort
	}
	if st.left > 0 {
		// The peer has answered without waiting for the rest of the request
		// (RFC 9113, section 8.1).
		_ = c.framer.WriteRSTStream(st.id, http2.ErrCodeCancel)
		st.sent += frameHeaderSize + 4
		c.writer.flushSoon()
	}
	c.writer.awaited++
	c.endStream(st, err)
}

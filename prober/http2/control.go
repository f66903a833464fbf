package http2

import (
	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
)

// control does what a frame says that comes seldom.
func (c *conn) control(frame http2.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	if reset, ok := frame.(*http2.RSTStreamFrame); ok && c.find(reset.StreamID) != nil {
		// There can be no more of these than there are requests of ours.
		c.resetByPeer(reset)
		return c.drained()
	}
	if err := c.flood.spend(c.readAt); err != nil {
		return err
	}
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		return c.settings(f)
	case *http2.PingFrame:
		if !f.IsAck() { // the answer to our own has served by its arrival
			_ = c.framer.WritePing(true, f.Data)
			c.writer.flushSoon()
		}
	case *http2.GoAwayFrame:
		c.goneAway(f)
	case *http2.RSTStreamFrame:
		// The stream has ended: the frame is late (RFC 9113, section 5.1).
		if c.isIdle(f.StreamID) {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
	}
	return c.drained()
}

func (c *conn) settings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	if err := c.applySettings(f); err != nil {
		return err
	}
	c.writer.flushSoon()
	return nil
}

// goneAway lets no stream be opened any more, and fails those that the peer will
// not answer (RFC 9113, section 6.8). The others may end well.
func (c *conn) goneAway(f *http2.GoAwayFrame) {
	c.draining = true
	c.goAway = &http2.GoAwayError{LastStreamID: f.LastStreamID, ErrCode: f.ErrCode}
	for len(c.open) > 0 {
		st := c.open[len(c.open)-1]
		if st.id <= f.LastStreamID {
			return
		}
		c.remember(st)
		st.unprocessed = f.ErrCode == http2.ErrCodeNo && !st.hasBegun()
		c.endStream(st, *c.goAway)
	}
}

// resetByPeer fails a stream that is open.
func (c *conn) resetByPeer(f *http2.RSTStreamFrame) {
	st := c.find(f.StreamID)
	st.received += frameHeaderSize + 4
	c.endStream(st, http2.StreamError{StreamID: f.StreamID, Code: f.ErrCode, Cause: errReceived})
}

// reset gives a stream up for an error of the peer's; mu is held.
func (c *conn) reset(st *stream, err error) {
	code, _ := told(err)
	c.resetWith(st, code, err)
}

func (c *conn) resetWith(st *stream, code http2.ErrCode, err error) {
	_ = c.framer.WriteRSTStream(st.id, code)
	st.sent += frameHeaderSize + 4
	c.flood.allow(0)
	c.remember(st)
	c.endStream(st, err)
	c.writer.flushSoon()
}

// expire gives up the streams whose time has run out, and the connection itself,
// with the error it returns, if the peer has left a PING unanswered. It returns
// also when to look again.
func (c *conn) expire(now probe.Instant) (next probe.Instant, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil {
		return probe.Never, nil
	}
	next = probe.Never
	for i := len(c.open) - 1; i >= 0; i-- {
		st := c.open[i]
		if st.deadline > now {
			next = min(next, st.deadline)
			continue
		}
		c.suspect(st, now)
		c.resetWith(st, http2.ErrCodeCancel, errTimeout)
	}
	if c.pingUntil != 0 {
		if now >= c.pingUntil {
			return probe.Never, errPing
		}
		next = min(next, c.pingUntil)
	}
	return next, c.drained()
}

// suspect asks a peer that was silent for as long as st was open whether it is
// still there. Otherwise a path that swallows everything would be used until the
// operating system gives it up, which takes a quarter of an hour. Where the peer takes
// many PINGs for an attack, the connection is given up instead.
func (c *conn) suspect(st *stream, now probe.Instant) {
	if c.pingUntil != 0 || c.heardAt != st.heard {
		return
	}
	if most := c.pool.Pings; most > 0 && c.pings == most {
		c.draining = true
		return
	}
	c.pings++
	_ = c.framer.WritePing(false, [8]byte{'p', 'r', 'o', 'b', 'e', 'r'})
	c.pingUntil = now.Add(c.pool.ConnectTimeout)
}

package http2

import (
	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
)

// control handles the rare frames.
func (c *conn) control(frame http2.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard()
	if reset, ok := frame.(*http2.RSTStreamFrame); ok && c.find(reset.StreamID) != nil {
		// The peer can send at most one of these per request of ours.
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
		if !f.IsAck() { // the arrival of the answer to our own PING was enough
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

// goneAway stops the opening of streams, and fails the streams above the last one that the peer will answer (RFC 9113,
// section 6.8). The others may still complete.
func (c *conn) goneAway(f *http2.GoAwayFrame) {
	c.draining = true
	c.goAway = &http2.GoAwayError{LastStreamID: f.LastStreamID, ErrCode: f.ErrCode}
	for len(c.open) > 0 {
		st := c.open[len(c.open)-1]
		if st.id <= f.LastStreamID {
			return
		}
		c.remember(st)
		// With an error in it GOAWAY is no orderly end: to send the request again would hide what a prober has to
		// show.
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

// reset gives a stream up because of an error of the peer; mu is held.
func (c *conn) reset(st *stream, err error) {
	code, _ := codeToSend(err)
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

// expire gives up the streams that have run out of time. If the peer has left a PING unanswered, expire returns the
// error with which to end the connection. next is when to call expire again.
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

// suspect sends a PING to a peer that was silent for as long as st was open. Without it, a path that swallows
// everything would stay in use until the operating system gives up, after a quarter of an hour. A peer may take many
// PINGs for an attack, so after Pings of them suspect retires the connection instead.
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

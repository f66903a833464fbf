package http2

import (
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
)

const (
	// defaultWindow is the initial window of both sides (RFC 9113, section 6.9.2).
	defaultWindow = 65535
	maxWindow     = 1<<31 - 1
	// streamWindow and connectionWindow are how many bytes the peer may send before we extend its windows. They are large
	// for paths with a long delay. They cost no memory: content is consumed as it arrives, and kept content has its own
	// bound. We never find a peer above them, because we give back all that it sends.
	streamWindow     = 4 << 20
	connectionWindow = 64 << 20
)

// flow is the flow control of a connection, with the peer's settings for it. A window is below 0 if the peer has made
// it smaller than the bytes already sent (RFC 9113, section 6.9.2).
type flow struct {
	sendWindow    int64
	initialWindow int64 // of new streams
	maxFrame      uint32
	owed          int64 // received and not given back to the peer's window
}

func newFlow() flow {
	return flow{sendWindow: defaultWindow, initialWindow: defaultWindow, maxFrame: leastMaxFrame}
}

// applySettings applies the peer's settings and acknowledges them (RFC 9113, section 6.5.3); mu is held, or the reader
// has not started yet.
func (c *conn) applySettings(f *http2.SettingsFrame) error {
	if err := f.ForeachSetting(c.applySetting); err != nil {
		return err
	}
	_ = c.framer.WriteSettingsAck()
	return nil
}

func (c *conn) applySetting(s http2.Setting) error {
	if err := s.Valid(); err != nil {
		return err
	}
	switch s.ID {
	case http2.SettingEnablePush:
		if s.Val != 0 { // a server never sets it (RFC 9113, section 6.5.2)
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
	case http2.SettingMaxConcurrentStreams:
		c.peerStreams = min(s.Val, maxStreamID) // a connection could not open more, nor count them in 32 bits
	case http2.SettingMaxFrameSize:
		c.maxFrame = s.Val
	case http2.SettingInitialWindowSize:
		return c.resizeWindows(int64(s.Val))
	}
	return nil
}

// resizeWindows changes the windows of all streams by the difference from the previous initial window (RFC 9113,
// section 6.9.2).
func (c *conn) resizeWindows(initial int64) error {
	delta := initial - c.initialWindow
	c.initialWindow = initial
	for _, st := range c.open {
		if st.sendWindow+delta > maxWindow {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
		st.sendWindow += delta
	}
	c.appendWaiting()
	return nil
}

// widen handles a WINDOW_UPDATE (RFC 9113, section 6.9); mu is held.
func (c *conn) widen(id, increment uint32) error {
	if id == 0 {
		return c.widenConnection(int64(increment))
	}
	st := c.find(id)
	if st == nil {
		if c.isIdle(id) {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
		return nil // it crossed the end of the stream
	}
	st.received += frameHeaderSize + 4
	switch {
	case increment == 0:
		c.reset(st, http2Fault(st, http2.ErrCodeProtocol, "a WINDOW_UPDATE of 0"))
	case st.sendWindow+int64(increment) > maxWindow:
		c.reset(st, http2Fault(st, http2.ErrCodeFlowControl, "a window above 2^31-1"))
	default:
		st.sendWindow += int64(increment)
		if st.left > 0 {
			c.appendContent(st)
			c.writer.flushSoon()
		}
	}
	return nil
}

func (c *conn) widenConnection(increment int64) error {
	if increment == 0 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	if c.sendWindow += increment; c.sendWindow > maxWindow {
		return http2.ConnectionError(http2.ErrCodeFlowControl)
	}
	c.appendWaiting()
	c.writer.flushSoon()
	return nil
}

// giveBack returns n consumed bytes to the peer's windows, in updates of at least half a window. st is nil if the
// stream is not open; mu is held.
func (c *conn) giveBack(st *stream, n int64) {
	if c.owed += n; c.owed >= connectionWindow/2 {
		_ = c.framer.WriteWindowUpdate(0, uint32(c.owed))
		c.writer.flushSoon()
		c.owed = 0
	}
	if st == nil {
		return
	}
	if st.owed += n; st.owed >= streamWindow/2 {
		_ = c.framer.WriteWindowUpdate(st.id, uint32(st.owed))
		c.writer.flushSoon()
		st.sent += frameHeaderSize + 4
		st.owed = 0
	}
}

// floodGauge bounds the frames from the peer that advance no response (CVE-2019-9512 and its kin): each costs us work,
// and some cost an answer.
type floodGauge struct {
	credit int
	// busyUntil is when all the frames so far would have come at the allowed pace.
	busyUntil probe.Instant
}

const (
	// floodBurst is how many such frames may come at once. Every floodPace allows one more. Progress of a response resets
	// the count.
	floodBurst = 128
	floodPace  = 5 * time.Millisecond
	// Each DATA frame of ours allows creditOfFrame more, and one more per bytesOfCredit of content: the peer answers with
	// updates of both windows, and some peers send one every few kilobytes. A stream that we give up adds credit for the
	// frames still on their way. The credit is at most maxCredit.
	creditOfFrame = 4
	bytesOfCredit = 1 << 10
	maxCredit     = 1 << 14
)

// spend counts a frame without progress that arrived at now.
func (g *floodGauge) spend(now probe.Instant) error {
	if g.credit > 0 {
		g.credit--
		return nil
	}
	until := max(g.busyUntil, now).Add(floodPace)
	if until.Sub(now) > floodBurst*floodPace {
		return errFlood
	}
	g.busyUntil = until
	return nil
}

func (g *floodGauge) progress() { g.busyUntil = 0 }

// allow adds credit for the peer's answers to a frame with n bytes of content.
func (g *floodGauge) allow(n int64) {
	g.credit = min(g.credit+creditOfFrame+int(n/bytesOfCredit), maxCredit)
}

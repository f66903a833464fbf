package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
)

// send hands over the request of st and returns the time when that was done, or 0 if the stream has ended before.
// The stream is open and its first frames are in out.
func (c *conn) send(st *stream) probe.Instant {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writer.flush()
	for st.left > 0 && !st.ended.Load() {
		if c.appendBody(st) {
			c.writer.flush()
			continue
		}
		st.blocked = true
		c.writer.unlocked(func() { <-st.wake }) // the end of st sends a signal too
	}
	if st.left > 0 {
		return 0
	}
	return probe.Now()
}

// appendBody appends as much content of st as the windows and the room in out allow, and reports whether it appended
// any; mu is held.
func (c *conn) appendBody(st *stream) bool {
	some := false
	for st.left > 0 {
		n := min(st.left, st.sendWindow, c.sendWindow, int64(c.maxFrame), int64(c.writer.room()))
		if n <= 0 {
			return some
		}
		c.appendData(st, st.content.Part(st.content.Length-st.left, int(n)))
		some = true
	}
	return some
}

func (c *conn) appendData(st *stream, data []byte) {
	n := int64(len(data))
	st.left -= n
	st.sendWindow -= n
	c.sendWindow -= n
	st.sent += frameHeaderSize + n
	c.flood.allow(n)
	var flags http2.Flags
	if st.left == 0 {
		flags = http2.FlagDataEndStream
	}
	out := binary.BigEndian.AppendUint32(c.writer.out, uint32(n)<<8|uint32(http2.FrameData))
	out = append(out, byte(flags))
	out = binary.BigEndian.AppendUint32(out, st.id)
	out = append(out, data...)
	c.writer.out = out
}

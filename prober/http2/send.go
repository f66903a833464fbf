package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
)

// send writes the first frames of st, which are in out. What is left of its content is sent by those who make room for
// it: the reader when the peer widens a window, the writer when it has taken what is in out.
func (c *conn) send(st *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writer.flush()
	if st.left == 0 {
		st.sentAt = probe.Now()
	}
}

// appendWaiting appends the content that waits for a window or for room, as much as there is now, that of the oldest
// stream first; mu is held.
func (c *conn) appendWaiting() {
	for i := 0; i < len(c.unsent) && c.sendWindow > 0 && c.writer.room() > 0; {
		st := c.unsent[i]
		if c.appendContent(st); st.left > 0 {
			i++
		}
	}
}

// appendContent appends as much content of st, which is in unsent, as the windows and the room in out allow; mu is held.
func (c *conn) appendContent(st *stream) {
	for st.left > 0 {
		n := min(st.left, st.sendWindow, c.sendWindow, int64(c.maxFrame), int64(c.writer.room()))
		if n <= 0 {
			return
		}
		c.appendData(st, st.content.Part(st.content.Length-st.left, int(n)))
	}
	st.sentAt = probe.Now()
	c.removeUnsent(st)
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

package http2

import (
	"encoding/binary"

	"example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// showRequest records the header of the request in its trace just before it is sent; the mutex of the connection is
// held.
func (st *stream) showRequest() {
	block := st.varied
	if st.request.parts == nil {
		block = append(blockOf(st.request.Later), block...)
	}
	sent := message.Section{All: new(message.Lines)}
	if err := hpack.NewDecoder(soundness).Decode(block, &sent); err != nil {
		st.trace.Notef("the header that is sent cannot be decoded: %v", err)
		return
	}
	st.trace.Notef("stream %d of the connection to %s", st.id, st.conn.remote)
	line, fields := sent.All.Request()
	st.trace.SendLine(line + " HTTP/2")
	for _, f := range fields {
		st.trace.SendField(f.Name, f.Value)
	}
	st.trace.SendBody(st.content.Length)
}

// blockOf returns the header block in the frames at the start of a stream.
func blockOf(frames []byte) (block []byte) {
	for len(frames) >= frameHeaderSize {
		size := int(binary.BigEndian.Uint32(frames) >> 8)
		frames = frames[frameHeaderSize:]
		block = append(block, frames[:size]...)
		frames = frames[size:]
	}
	return block
}

// showHeader passes a header or trailers to the answer.
func (st *stream) showHeader(h *message.Section) {
	if st.status == 0 {
		st.answer.Head(probe.HTTP2, h.Status, nil)
	}
	for name, value := range h.All.All() {
		if len(name) > 0 && name[0] != ':' {
			st.answer.Field(name, value)
		}
	}
}

package http2

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/prober/message"
)

const (
	frameHeaderSize = 9
	// leastMaxFrame is the longest payload that every peer accepts, and that we do
	// (RFC 9113, section 4.2).
	leastMaxFrame = 16 << 10
)

// Request is a target's request as it goes over HTTP/2, encoded once. Only the
// identifier of the stream is missing in its frames: they use nothing of the
// dynamic table, so they are valid on every stream of every connection.
type Request struct {
	// Opening is for the first stream of a connection: it begins by giving up the
	// dynamic table, which a peer that shrinks it may wait for (RFC 7541, section
	// 4.2). later is for all other streams.
	Opening, Later []byte
}

// Encode returns q as it goes over every connection.
func Encode(q message.Request, content message.Content) Request {
	block, update := encodeBlock(q)
	bodiless := content.Length == 0
	return Request{
		Opening: headerFrames(block, bodiless),
		Later:   headerFrames(block[update:], bodiless),
	}
}

// encodeBlock returns the field section (RFC 9113, section 8.3.1), and how many
// of its bytes are the update of the dynamic table's size that it begins with.
func encodeBlock(q message.Request) (block []byte, update int) {
	var b bytes.Buffer
	encoder := hpack.NewEncoder(&b)
	encoder.SetMaxDynamicTableSize(0)
	field := func(name, value string) {
		// An error could only come from b, which has none.
		_ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: message.IsSecret(name)})
	}
	field(":method", q.Method)
	update = bytes.LastIndexByte(b.Bytes()[:2], 0x20) + 1
	field(":scheme", q.Scheme)
	field(":authority", q.Authority)
	field(":path", q.Target)
	for _, h := range q.Fields {
		if name := strings.ToLower(h.Name); !message.IsHTTP1Only(name) || name == "te" && h.Value == "trailers" {
			field(name, h.Value)
		}
	}
	return b.Bytes(), update
}

// headerFrames puts block into a HEADERS frame and as many CONTINUATION frames
// as it needs.
func headerFrames(block []byte, endStream bool) []byte {
	var frames bytes.Buffer
	framer := http2.NewFramer(&frames, nil)
	framer.AllowIllegalWrites = true // stream 0 stands for the one to come
	first := block[:min(len(block), leastMaxFrame)]
	rest := block[len(first):]
	// A bytes.Buffer takes everything.
	_ = framer.WriteHeaders(http2.HeadersFrameParam{BlockFragment: first, EndStream: endStream, EndHeaders: len(rest) == 0})
	for len(rest) > 0 {
		part := rest[:min(len(rest), leastMaxFrame)]
		rest = rest[len(part):]
		_ = framer.WriteContinuation(0, len(rest) == 0, part)
	}
	return frames.Bytes()
}

// appendTo appends the frames that open stream id, with the fields of this one
// request, encoded, at the end.
func (q *Request) appendTo(out []byte, id uint32, varied []byte) []byte {
	frames := q.Later
	if id == 1 {
		frames = q.Opening
	}
	last, next := len(out), len(out)
	out = append(out, frames...)
	for next < len(out) {
		last = next
		binary.BigEndian.PutUint32(out[last+5:], id)
		next += frameHeaderSize + int(binary.BigEndian.Uint32(out[last:])>>8)
	}
	return extendBlock(out, last, varied)
}

// extendBlock appends more to the header block whose last frame begins at last,
// and ends out.
func extendBlock(out []byte, last int, more []byte) []byte {
	for len(more) > 0 {
		length := len(out) - last - frameHeaderSize
		if length == leastMaxFrame {
			out[last+4] &^= byte(http2.FlagHeadersEndHeaders)
			id := binary.BigEndian.Uint32(out[last+5:])
			last, length = len(out), 0
			out = append(out, 0, 0, 0, byte(http2.FrameContinuation), byte(http2.FlagContinuationEndHeaders))
			out = binary.BigEndian.AppendUint32(out, id)
		}
		part := more[:min(len(more), leastMaxFrame-length)]
		more = more[len(part):]
		length += len(part)
		out = append(out, part...)
		out[last], out[last+1], out[last+2] = byte(length>>16), byte(length>>8), byte(length)
	}
	return out
}

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
	// leastMaxFrame is the longest payload that every peer accepts, and the longest we accept (RFC 9113, section 4.2).
	leastMaxFrame = 16 << 10
)

// Request is a target's request as HTTP/2 frames, encoded once. Only the stream identifier is missing. The frames use
// nothing of the dynamic table, so they are valid on every stream of every connection.
type Request struct {
	// Opening is for the first stream of a connection. It begins by giving up the dynamic table: a peer that shrinks the
	// table may wait for that (RFC 7541, section 4.2). Later is for all other streams.
	Opening, Later []byte
	// parts is set if the header block must be put together for each request.
	parts *parts
}

// parts are the parts of a header block whose target varies, or whose stream may end with it.
type parts struct {
	update     []byte // of the size of the dynamic table
	head, tail []byte // before and behind a target that varies
}

// Encode returns q as it goes over every connection.
func Encode(q message.Request, content message.Content) Request {
	block, update, target := encodeBlock(q)
	if q.VariesTarget || q.VariesContent {
		return Request{parts: &parts{update: block[:update], head: block[update:target], tail: block[target:]}}
	}
	bodiless := content.Length == 0
	return Request{
		Opening: headerFrames(block, bodiless),
		Later:   headerFrames(block[update:], bodiless),
	}
}

// encodeBlock returns the field section (RFC 9113, section 8.3.1). Its first update bytes set the size of the dynamic
// table. target is the offset at which the target ends, or would stand if it did not vary.
func encodeBlock(q message.Request) (block []byte, update, target int) {
	var b bytes.Buffer
	encoder := hpack.NewEncoder(&b)
	encoder.SetMaxDynamicTableSize(0)
	field := func(name, value string) {
		// Only b could fail, and it never does.
		_ = encoder.WriteField(hpack.HeaderField{Name: name, Value: value, Sensitive: message.IsSecret(name)})
	}
	field(":method", q.Method)
	update = bytes.LastIndexByte(b.Bytes()[:2], 0x20) + 1
	field(":scheme", q.Scheme)
	field(":authority", q.Authority)
	if !q.VariesTarget {
		field(":path", q.Target)
	}
	target = b.Len()
	for _, h := range q.Fields {
		if name := strings.ToLower(h.Name); !message.IsHTTP1Only(name) || name == "te" && h.Value == "trailers" {
			field(name, h.Value)
		}
	}
	return b.Bytes(), update, target
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

// appendVaried appends the encoded varying fields. For a request in parts, that is the whole header block.
func (q *Request) appendVaried(p []byte, v *message.Varying, s *message.Stamp) []byte {
	if q.parts != nil {
		p = append(p, q.parts.head...)
		if v.Target {
			p = appendPath(p, s.Target)
		}
		p = append(p, q.parts.tail...)
	}
	return appendBlock(p, v, s)
}

// appendTo appends the frames that open stream id. The header block ends with varied, the encoded varying fields. For a
// request in parts, endStream makes the frames end the stream.
func (q *Request) appendTo(out []byte, id uint32, varied []byte, endStream bool) []byte {
	if q.parts != nil {
		return q.parts.appendTo(out, id, varied, endStream)
	}
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

// appendTo appends the frames that open stream id. block is the header block without the update of the table's size.
func (p *parts) appendTo(out []byte, id uint32, block []byte, endStream bool) []byte {
	flags := http2.FlagHeadersEndHeaders
	if endStream {
		flags |= http2.FlagHeadersEndStream
	}
	at := len(out)
	out = append(out, 0, 0, 0, byte(http2.FrameHeaders), byte(flags))
	out = binary.BigEndian.AppendUint32(out, id)
	if id == 1 {
		out = extendBlock(out, at, p.update) // a few bytes
	}
	return extendBlock(out, at, block)
}

// extendBlock appends more to the header block at the end of out; last is the offset of its last frame.
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

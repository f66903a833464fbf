package main

import (
	"bytes"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// reaction is what a server of HTTP/2 does when a request has come on a stream.
type reaction func(f *http2.Framer, stream uint32)

// flood writes until the other side has had enough, or more than anyone bears.
func flood(write func() error) {
	for range 1 << 14 {
		if write() != nil {
			return
		}
	}
}

// serveFrames reacts to each request of a connection until the client has had enough.
func (f *farm) serveFrames(react reaction) func(net.Conn) {
	return func(c net.Conn) {
		framer := greet(c)
		for framer != nil {
			stream := f.awaitHeaders(framer)
			if stream == 0 {
				return
			}
			react(framer, stream)
		}
	}
}

// serveLast reacts to the first request of a connection. Then it says no more and
// listens to the end, so that the client sees an end and no reset.
func (f *farm) serveLast(react reaction) func(net.Conn) {
	return func(c net.Conn) {
		framer := greet(c)
		if framer == nil {
			return
		}
		if stream := f.awaitHeaders(framer); stream != 0 {
			react(framer, stream)
		}
		if half, can := c.(interface{ CloseWrite() error }); can {
			_ = half.CloseWrite() // the client may be gone
		}
		waitForEnd(framer, 0)
	}
}

// greet begins a connection of HTTP/2; nil if the client does not.
func greet(c net.Conn, settings ...http2.Setting) *http2.Framer {
	if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
		return nil
	}
	framer := http2.NewFramer(c, c)
	framer.AllowIllegalWrites = true
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	_ = framer.WriteSettings(settings...)
	return framer
}

// awaitHeaders enters the next request in the ledger and returns its stream, 0 if
// none comes.
func (f *farm) awaitHeaders(framer *http2.Framer) uint32 {
	stream, _, _ := f.nextRequest(framer)
	return stream
}

// nextRequest does the same, and tells which request of which target it is.
func (f *farm) nextRequest(framer *http2.Framer) (stream uint32, target string, n int) {
	stream, target, id := nextHeading(framer)
	if stream == 0 {
		return 0, "", 0
	}
	return stream, target, f.ledger.note(target, id)
}

// nextHeading returns the stream, the target and the id of the next request, 0 if none
// comes. It enters nothing in the ledger.
func nextHeading(framer *http2.Framer) (stream uint32, target, id string) {
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return 0, "", ""
		}
		if ping, is := frame.(*http2.PingFrame); is && !ping.IsAck() {
			_ = framer.WritePing(true, ping.Data)
		}
		if h, is := frame.(*http2.MetaHeadersFrame); is {
			for _, field := range h.Fields {
				switch field.Name {
				case ":path":
					target = nameOf(field.Value)
				case "x-request-id":
					id = field.Value
				}
			}
			return h.StreamID, target, id
		}
	}
}

// streamScript returns what the n-th request of a target is answered with over
// HTTP/2, without content, and the code that it is to come to.
type streamScript func(target string, n int) (code string, react reaction)

// serveStreams plays a script on a connection, request after request.
func (f *farm) serveStreams(s streamScript) func(net.Conn) {
	return func(c net.Conn) {
		l, framer := lineOf(c), greet(c)
		for code := codeUnreadH2; framer != nil; code = codeUnreadH2Old {
			stream, target, n := f.nextRequest(framer)
			if stream == 0 {
				return
			}
			alive := l.answer(func() { // at once: nobody is reset who may be sending more
				of, react := s(target, n)
				f.ledger.expect(target, of)
				react(framer, stream)
			})
			if !alive {
				f.unread.Add(1)
				f.ledger.expect(target, code)
			}
		}
	}
}

// waitForEnd reads frames until the client is gone.
func waitForEnd(f *http2.Framer, _ uint32) {
	for {
		if _, err := f.ReadFrame(); err != nil {
			return
		}
	}
}

// respond sends a header block, in as many frames as it takes.
func respond(f *http2.Framer, stream uint32, block []byte) {
	const most = 1 << 14
	part := block[:min(most, len(block))]
	block = block[len(part):]
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: part, EndHeaders: len(block) == 0})
	for len(block) > 0 {
		part = block[:min(most, len(block))]
		block = block[len(part):]
		_ = f.WriteContinuation(stream, len(block) == 0, part)
	}
}

// okHeader is the field ":status: 200" of the static table.
func okHeader() []byte { return []byte{0x88} }

// fields encodes names and values in turn, as they are.
func fields(pairs ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = e.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}) // to memory
	}
	return b.Bytes()
}

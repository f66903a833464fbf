package transport

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// h2peer is the server's side of one HTTP/2 connection, played by a test. Writes
// to a client that is gone fail; that is for the client's side to notice.
type h2peer struct {
	net.Conn
	*http2.Framer
	encoder  *hpack.Encoder
	block    bytes.Buffer
	told     []string // RST_STREAM and GOAWAY frames of the client
	acks     int      // SETTINGS that it has acknowledged
	bodiless bool     // it answers to HEAD
}

func newH2peer(c net.Conn) *h2peer {
	p := &h2peer{Conn: c, Framer: http2.NewFramer(c, c)}
	p.AllowIllegalWrites, p.AllowIllegalReads = true, true
	p.encoder = hpack.NewEncoder(&p.block)
	return p
}

// preface reads the first bytes of the client.
func (p *h2peer) preface() { _, _ = io.ReadFull(p.Conn, make([]byte, len(http2.ClientPreface))) }

// greet exchanges the prefaces.
func (p *h2peer) greet(settings ...http2.Setting) {
	p.preface()
	_ = p.WriteSettings(settings...)
}

// open makes the client's windows so large that it need not care about them.
func (p *h2peer) open() {
	const initial, largest = 1<<16 - 1, 1<<31 - 1 // RFC 9113, section 6.9.2
	_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, largest)...)
	_ = p.WriteWindowUpdate(0, largest-initial)
}

// next returns the client's next frame, nil when there is no more.
func (p *h2peer) next() http2.Frame {
	frame, err := p.ReadFrame()
	if err != nil {
		return nil
	}
	switch f := frame.(type) {
	case *http2.RSTStreamFrame:
		p.told = append(p.told, fmt.Sprintf("RST_STREAM %d %s", f.StreamID, f.ErrCode))
	case *http2.GoAwayFrame:
		if f.ErrCode != http2.ErrCodeNo { // with which idle connections are closed
			p.told = append(p.told, "GOAWAY "+f.ErrCode.String())
		}
	case *http2.SettingsFrame:
		if f.IsAck() {
			p.acks++
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			_ = p.WritePing(true, f.Data)
		}
	}
	return frame
}

// request returns the stream of the next request, 0 when there is no more.
func (p *h2peer) request() uint32 {
	for f := p.next(); f != nil; f = p.next() {
		if f.Header().Type == http2.FrameHeaders {
			return f.Header().StreamID
		}
	}
	return 0
}

// until reads up to the client's next frame of a type, and returns nil when there
// is none.
func (p *h2peer) until(kind http2.FrameType) http2.Frame {
	for f := p.next(); f != nil; f = p.next() {
		if f.Header().Type == kind {
			return f
		}
	}
	return nil
}

// ignore reads what comes and answers no request.
func (p *h2peer) ignore() {
	for p.next() != nil { // which does what there is to do
	}
}

// serve answers all requests well, once they are complete.
func (p *h2peer) serve() {
	for f := p.next(); f != nil; f = p.next() {
		h := f.Header()
		if h.Type <= http2.FrameHeaders && h.Flags.Has(http2.FlagHeadersEndStream) {
			p.answer(h.StreamID)
		}
	}
}

func (p *h2peer) answer(id uint32) {
	p.headers(id, p.bodiless, ":status", "200", "x-answer", "well")
	if !p.bodiless {
		p.data(id, true, "hello")
	}
}

// headers writes a header block with pairs of names and values.
func (p *h2peer) headers(id uint32, end bool, pairs ...string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: p.fields(pairs...), EndStream: end, EndHeaders: true,
	})
}

func (p *h2peer) fields(pairs ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return p.block.Bytes()
}

// headerBlock writes a header block as it is.
func (p *h2peer) headerBlock(id uint32, end bool, block string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: []byte(block), EndStream: end, EndHeaders: true,
	})
}

func (p *h2peer) data(id uint32, end bool, content string) {
	_ = p.WriteData(id, end, []byte(content))
}

// frame writes a frame as it is.
func (p *h2peer) frame(kind http2.FrameType, flags http2.Flags, id uint32, payload string) {
	_ = p.WriteRawFrame(kind, flags, id, []byte(payload))
}

func setting(id http2.SettingID, value uint32) []http2.Setting {
	return []http2.Setting{{ID: id, Val: value}}
}

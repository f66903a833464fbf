package lab

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// H2 is the server's side of one HTTP/2 connection, played by a test. Writes
// to a client that is gone fail; that is for the client's side to notice.
type H2 struct {
	net.Conn
	*http2.Framer
	encoder  *hpack.Encoder
	block    bytes.Buffer
	Told     []string // RST_STREAM and GOAWAY frames of the client
	Acks     int      // SETTINGS that it has acknowledged
	Bodiless bool     // it answers to HEAD
}

func NewH2(c net.Conn) *H2 {
	p := &H2{Conn: c, Framer: http2.NewFramer(c, c)}
	p.AllowIllegalWrites, p.AllowIllegalReads = true, true
	p.encoder = hpack.NewEncoder(&p.block)
	return p
}

// Preface reads the first bytes of the client.
func (p *H2) Preface() { _, _ = io.ReadFull(p.Conn, make([]byte, len(http2.ClientPreface))) }

// Greet exchanges the prefaces.
func (p *H2) Greet(settings ...http2.Setting) {
	p.Preface()
	_ = p.WriteSettings(settings...)
}

// Open makes the client's windows so large that it need not care about them.
func (p *H2) Open() {
	const initial, largest = 1<<16 - 1, 1<<31 - 1 // RFC 9113, section 6.9.2
	_ = p.WriteSettings(Setting(http2.SettingInitialWindowSize, largest)...)
	_ = p.WriteWindowUpdate(0, largest-initial)
}

// Next returns the client's next frame, nil when there is no more.
func (p *H2) Next() http2.Frame {
	frame, err := p.ReadFrame()
	if err != nil {
		return nil
	}
	switch f := frame.(type) {
	case *http2.RSTStreamFrame:
		p.Told = append(p.Told, fmt.Sprintf("RST_STREAM %d %s", f.StreamID, f.ErrCode))
	case *http2.GoAwayFrame:
		if f.ErrCode != http2.ErrCodeNo { // with which idle connections are closed
			p.Told = append(p.Told, "GOAWAY "+f.ErrCode.String())
		}
	case *http2.SettingsFrame:
		if f.IsAck() {
			p.Acks++
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			_ = p.WritePing(true, f.Data)
		}
	}
	return frame
}

// Request returns the stream of the next request, 0 when there is no more.
func (p *H2) Request() uint32 {
	for f := p.Next(); f != nil; f = p.Next() {
		if f.Header().Type == http2.FrameHeaders {
			return f.Header().StreamID
		}
	}
	return 0
}

// Until reads up to the client's next frame of a type, and returns nil when there
// is none.
func (p *H2) Until(kind http2.FrameType) http2.Frame {
	for f := p.Next(); f != nil; f = p.Next() {
		if f.Header().Type == kind {
			return f
		}
	}
	return nil
}

// Ignore reads what comes and answers no request.
func (p *H2) Ignore() {
	for p.Next() != nil { // which does what there is to do
	}
}

// Serve answers all requests well, once they are complete.
func (p *H2) Serve() {
	for f := p.Next(); f != nil; f = p.Next() {
		h := f.Header()
		if h.Type <= http2.FrameHeaders && h.Flags.Has(http2.FlagHeadersEndStream) {
			p.Answer(h.StreamID)
		}
	}
}

func (p *H2) Answer(id uint32) {
	p.Headers(id, p.Bodiless, ":status", "200", "x-answer", "well")
	if !p.Bodiless {
		p.Data(id, true, "hello")
	}
}

// Headers writes a header block with pairs of names and values.
func (p *H2) Headers(id uint32, end bool, pairs ...string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: p.Fields(pairs...), EndStream: end, EndHeaders: true,
	})
}

func (p *H2) Fields(pairs ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(pairs); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]})
	}
	return p.block.Bytes()
}

// HeaderBlock writes a header block as it is.
func (p *H2) HeaderBlock(id uint32, end bool, block string) {
	_ = p.WriteHeaders(http2.HeadersFrameParam{
		StreamID: id, BlockFragment: []byte(block), EndStream: end, EndHeaders: true,
	})
}

func (p *H2) Data(id uint32, end bool, content string) {
	_ = p.WriteData(id, end, []byte(content))
}

// Frame writes a frame as it is.
func (p *H2) Frame(kind http2.FrameType, flags http2.Flags, id uint32, payload string) {
	_ = p.WriteRawFrame(kind, flags, id, []byte(payload))
}

func Setting(id http2.SettingID, value uint32) []http2.Setting {
	return []http2.Setting{{ID: id, Val: value}}
}

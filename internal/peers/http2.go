package peers

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// H2 is the server's side of one HTTP/2 connection, played frame by frame. It ignores failed writes, as the client may
// be gone and its side reports that.
type H2 struct {
	net.Conn
	*http2.Framer

	// Told are the RST_STREAM and GOAWAY frames of the client, as text.
	Told []string
	// Acks is the number of SETTINGS frames that the client has acknowledged.
	Acks int
	// Bodiless has Answer send no content, as it must to a HEAD request.
	Bodiless bool

	encoder *hpack.Encoder
	block   bytes.Buffer
}

// NewH2 returns the server's side of a new connection.
func NewH2(c net.Conn) *H2 {
	p := &H2{Conn: c, Framer: http2.NewFramer(c, c)}
	p.AllowIllegalWrites, p.AllowIllegalReads = true, true
	p.encoder = hpack.NewEncoder(&p.block)
	return p
}

// Preface reads the first bytes of the client, and reports whether they came.
func (p *H2) Preface() bool {
	_, err := io.ReadFull(p.Conn, make([]byte, len(http2.ClientPreface)))
	return err == nil
}

// Greet exchanges the prefaces, and reports whether the client has sent its own.
func (p *H2) Greet(settings ...http2.Setting) bool {
	isThere := p.Preface()
	_ = p.WriteSettings(settings...)
	return isThere
}

// Open makes the client's windows so large that it need not care about them.
func (p *H2) Open() {
	const initial, largest = 1<<16 - 1, 1<<31 - 1 // RFC 9113, section 6.9.2
	_ = p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: largest})
	_ = p.WriteWindowUpdate(0, largest-initial)
}

// Next returns the client's next frame, or nil at the end. It answers a PING.
func (p *H2) Next() http2.Frame {
	frame, err := p.ReadFrame()
	if err != nil {
		return nil
	}
	switch f := frame.(type) {
	case *http2.RSTStreamFrame:
		p.Told = append(p.Told, fmt.Sprintf("RST_STREAM %d %s", f.StreamID, f.ErrCode))
	case *http2.GoAwayFrame:
		if f.ErrCode != http2.ErrCodeNo { // clients close idle connections without an error
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

// Until reads up to the client's next frame of a type. It returns nil if none comes.
func (p *H2) Until(kind http2.FrameType) http2.Frame {
	for f := p.Next(); f != nil; f = p.Next() {
		if f.Header().Type == kind {
			return f
		}
	}
	return nil
}

// Request returns the stream of the next request, or 0 if there are no more.
func (p *H2) Request() uint32 {
	if f := p.Until(http2.FrameHeaders); f != nil {
		return f.Header().StreamID
	}
	return 0
}

// Decode makes Next decode header blocks into [http2.MetaHeadersFrame], and refuse frames that break the rules. Call it
// at the beginning.
func (p *H2) Decode() {
	p.ReadMetaHeaders, p.AllowIllegalReads = hpack.NewDecoder(4096, nil), false // it cannot do both
}

// Heading returns the next request, or nil if there are no more. Call Decode first.
func (p *H2) Heading() *http2.MetaHeadersFrame {
	heading, _ := p.Until(http2.FrameHeaders).(*http2.MetaHeadersFrame)
	return heading
}

// Ignore reads everything and answers no request.
func (p *H2) Ignore() {
	for p.Next() != nil { // Next answers what needs an answer
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

// Answer sends a response with status 200 and a field and content of its own.
func (p *H2) Answer(id uint32) {
	p.Headers(id, p.Bodiless, ":status", "200", "x-answer", "well")
	if !p.Bodiless {
		p.Data(id, true, "hello")
	}
}

// Headers sends a header of names and values in turn, as they are.
func (p *H2) Headers(id uint32, end bool, pairs ...string) {
	p.HeaderBlock(id, end, string(p.Fields(pairs...)))
}

// Fields encodes names and values in turn, as they are.
func (p *H2) Fields(pairs ...string) []byte {
	p.block.Reset()
	for i := 0; i+1 < len(pairs); i += 2 {
		_ = p.encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}) // to memory
	}
	return p.block.Bytes()
}

// HeaderBlock sends a header block as it is, in as many frames as it takes.
func (p *H2) HeaderBlock(id uint32, end bool, block string) {
	const most = 1 << 14
	part := block[:min(most, len(block))]
	block = block[len(part):]
	_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: []byte(part), EndStream: end, EndHeaders: block == ""})
	for block != "" {
		part = block[:min(most, len(block))]
		block = block[len(part):]
		_ = p.WriteContinuation(id, block == "", []byte(part))
	}
}

// Data sends content in one frame.
func (p *H2) Data(id uint32, end bool, content string) { _ = p.WriteData(id, end, []byte(content)) }

// Raw sends a frame as it is.
func (p *H2) Raw(kind http2.FrameType, flags http2.Flags, id uint32, payload string) {
	_ = p.WriteRawFrame(kind, flags, id, []byte(payload))
}

package head

import (
	"bytes"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// What a peer can do wrong in a response header, besides the faults that name a line.
var (
	ErrSize          = errcode.New(errcode.HTTP1HeaderSize, "response header above 64 KiB")
	ErrSwitch        = errcode.New(errcode.HTTP1Switch, "101 Switching Protocols that was not asked for")
	ErrInformational = errcode.New(errcode.HTTP1Informational, "more than 32 informational responses")
)

// ProtocolName is the beginning of every response.
const ProtocolName = "HTTP/"

// Header is a parsed response header. Its space is used again for every
// response of a connection.
type Header struct {
	Version probe.Version
	Status  int
	// Fields point into the connection's buffer, or into its copy of the header: they are
	// valid until more of the response is read.
	Fields []Field

	// Length is the value of Content-Length, or -1. digits is the number of its digits.
	Length    int64
	digits    int
	encodings int // field lines of Transfer-Encoding
	Chunked   bool
	KeepAlive bool
	closes    bool // an option says so, whatever the others say
	// Tunnel means that the response may be the answer to CONNECT. A successful answer to
	// it has no content, whatever its fields say (RFC 9110, section 9.3.6).
	Tunnel bool
	// Joined means that field lines were joined in place.
	Joined bool
}

// Field is one field line. Its parts point into the parsed header.
type Field struct {
	Name, Value []byte
	folded      bool // it took more than one line
}

// Forget drops the fields, and with them the bytes that they point into.
func (h *Header) Forget() {
	clear(h.Fields[:cap(h.Fields)])
	h.Fields = h.Fields[:0]
}

// Scan looks for the end of a response header in the bytes received so far. Until the end
// has come, it judges the complete lines on their own.
type Scan struct {
	scanned, lineStart int
	early              draft
}

// NewScan begins a scan. tunnel means that the response may be the answer to CONNECT.
func NewScan(tunnel bool) Scan {
	return Scan{early: draft{header: Header{Length: -1, Tunnel: tunnel}}}
}

// Next returns the size of the header at the start of received, up to and including its
// empty line, or 0 if more has to be received. Each call gets the bytes of the call
// before, and more.
func (s *Scan) Next(received []byte) (size int, err error) {
	if size := s.scan(received); size > 0 {
		return size, nil
	}
	if err := s.early.judge(received, s.lineStart); err != nil {
		return 0, err
	}
	if len(received) >= message.MaxHeaderBytes {
		return 0, ErrSize
	}
	return 0, nil
}

// scan looks for the empty line that ends the header. A line may end with LF alone (RFC
// 9112, section 2.2). It goes on where the call before ended: a peer that sends byte by
// byte costs no more than others.
func (s *Scan) scan(received []byte) int {
	for {
		i := bytes.IndexByte(received[s.scanned:], '\n')
		if i < 0 {
			s.scanned = len(received)
			return 0
		}
		lineEnd := s.scanned + i
		line := message.TrimCR(received[s.lineStart:lineEnd])
		s.scanned, s.lineStart = lineEnd+1, lineEnd+1
		if len(line) == 0 {
			return lineEnd + 1
		}
	}
}

// beginsResponse reports whether received can become a response. It finds a peer of
// another protocol without waiting for a line that may never end.
func beginsResponse(received []byte) bool {
	n := min(len(received), len(ProtocolName))
	return string(received[:n]) == ProtocolName[:n]
}

// Parse parses block, a whole header with its empty line, into h. The fields of h point
// into block. Parse joins folded lines there. After an error h has what was parsed before
// the fault.
func (h *Header) Parse(block []byte) error {
	const usual = 16 // fields at most
	if h.Fields == nil {
		h.Fields = make([]Field, 0, usual)
	}
	*h = Header{Fields: h.Fields[:0], Length: -1, Tunnel: h.Tunnel}
	line, rest := message.CutLine(block)
	if err := h.parseStatusLine(line); err != nil {
		return err
	}
	return h.parseFields(rest)
}

// parseStatusLine follows RFC 9112, section 4. Like most clients it does not need the
// space before an absent reason phrase.
func (h *Header) parseStatusLine(line []byte) error {
	const versioned = len("HTTP/1.1")
	if len(line) < versioned || !beginsResponse(line) ||
		!message.IsDigit(line[5]) || line[6] != '.' || !message.IsDigit(line[7]) {
		return probe.NewExcerpt(errStatusLine, line)
	}
	switch string(line[len(ProtocolName):versioned]) {
	case "1.1":
		h.Version, h.KeepAlive = probe.HTTP11, true
	case "1.0":
		h.Version = probe.HTTP10
	default:
		return probe.NewExcerpt(errVersion, line[:versioned])
	}
	rest := line[versioned:]
	if len(rest) < 4 || rest[0] != ' ' || len(rest) > 4 && rest[4] != ' ' || !message.IsFieldValue(rest[4:]) {
		return probe.NewExcerpt(errStatusLine, line)
	}
	for _, d := range rest[1:4] {
		if !message.IsDigit(d) {
			return probe.NewExcerpt(errStatusLine, line)
		}
		h.Status = h.Status*10 + int(d-'0')
	}
	// Other statuses are invalid (RFC 9110, section 15), and have no class to read them by.
	if h.Status < 100 || h.Status > 599 {
		return statusFault(h.Status)
	}
	return nil
}

// parseFields splits the field lines (RFC 9112, section 5) and reads those that frame the
// message.
func (h *Header) parseFields(block []byte) error {
	var f Field
	for {
		line, rest := message.CutLine(block)
		if len(line) == 0 {
			return nil
		}
		if err := f.parse(line); err != nil {
			return err
		}
		if len(rest) > 0 && message.IsBlank(rest[0]) {
			f.folded = true
			if err := h.interpret(&f); err != nil { // whatever the continuing lines say
				return err
			}
			line, rest = unfold(line, rest)
			h.Joined = true
			if err := f.parse(line); err != nil {
				return err
			}
		}
		h.Fields = append(h.Fields, f)
		if err := h.interpret(&f); err != nil {
			return err
		}
		block = rest
	}
}

// unfold joins line with the continuing lines at the start of rest, in the space of the
// first: the line break, and the blanks around it, become one space (RFC 9112, section
// 5.2).
func unfold(line, rest []byte) (joined, after []byte) {
	line = message.TrimBlankEnd(line)
	for len(rest) > 0 && message.IsBlank(rest[0]) {
		var more []byte
		more, rest = message.CutLine(rest)
		line = append(append(line, ' '), message.TrimBlank(more)...) // the added text is shorter than the part cut off
	}
	return line, rest
}

// parse splits one field line. A blank before the colon is refused (RFC 9112, section 5.1),
// and so is one before the first field (section 2.2): some readers take such a line for a
// field, and others do not.
func (f *Field) parse(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || !message.IsToken(line[:colon]) {
		return probe.NewExcerpt(errHeaderLine, line)
	}
	f.Name, f.Value, f.folded = line[:colon], message.TrimBlank(line[colon+1:]), false
	if !message.IsFieldValue(f.Value) {
		return probe.NewExcerpt(errHeaderValue, f.Name)
	}
	return nil
}

// interpret reads a field if it frames the message (RFC 9112, section 6).
func (h *Header) interpret(f *Field) error {
	// Most fields end here: lengths are compared faster than names.
	switch len(f.Name) {
	case len("Connection"):
		if message.EqualFold(f.Name, "connection") {
			h.connection(f.Value)
		}
	case len("Content-Length"):
		if message.EqualFold(f.Name, "content-length") {
			return h.contentLength(f)
		}
	case len("Transfer-Encoding"):
		if message.EqualFold(f.Name, "transfer-encoding") {
			return h.transferEncoding(f)
		}
	}
	return nil
}

// isTunnel reports whether the response grants CONNECT.
func (h *Header) isTunnel() bool { return h.Tunnel && h.Status >= 200 && h.Status < 300 }

// contentLength accepts a repeated field only with the same digits (RFC 9110,
// section 8.6).
func (h *Header) contentLength(f *Field) error {
	if h.isTunnel() {
		return nil
	}
	n, ok := message.ParseLength(f.Value)
	switch {
	case h.encodings > 0:
		return errEncodingAndLength
	case !ok || f.folded:
		return probe.NewExcerpt(errContentLength, f.Value)
	// "5" and "005" are the same number to this reader, and perhaps not to one that reads
	// octal digits. So the number of digits has to be the same too.
	case h.Length >= 0 && (n != h.Length || len(f.Value) != h.digits):
		return lengthsFault(h.Length, f.Value)
	}
	h.Length, h.digits = n, len(f.Value)
	return nil
}

// transferEncoding accepts nothing ambiguous about the end of a message, and no folded
// lines: if two readers differ on it, responses can be smuggled (RFC 9112, section 6.3).
func (h *Header) transferEncoding(f *Field) error {
	if h.isTunnel() {
		return nil
	}
	h.encodings++
	h.Chunked = message.EqualFold(f.Value, "chunked") && !f.folded
	switch {
	case h.encodings > 1:
		return errEncodings
	case !h.Chunked:
		return probe.NewExcerpt(errTransferEncoding, f.Value)
	case h.Length >= 0:
		return errEncodingAndLength
	// A chunked message of HTTP/1.0 has faulty framing (RFC 9112, section 6.1): what passed
	// it on may not know the coding.
	case h.Version == probe.HTTP10:
		return errEncodingVersion
	}
	return nil
}

// connection reads the options of one line of the Connection field. close outweighs keep-alive
// in whatever order they come, since the section looks for close first (RFC 9112, section 9.3).
func (h *Header) connection(value []byte) {
	for option := range bytes.SplitSeq(value, []byte(",")) {
		option = message.TrimBlank(option)
		if message.EqualFold(option, "close") {
			h.KeepAlive, h.closes = false, true
			return
		}
		if message.EqualFold(option, "keep-alive") && h.Version == probe.HTTP10 && !h.closes {
			h.KeepAlive = true
		}
	}
}

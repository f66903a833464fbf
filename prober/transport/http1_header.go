package transport

import (
	"bytes"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// What a peer can do wrong in a response header, besides the faults that name a line.
var (
	errHeaderSize    = errcode.New(errcode.HTTP1HeaderSize, "response header above 64 KiB")
	errSwitch        = errcode.New(errcode.HTTP1Switch, "101 Switching Protocols that was not asked for")
	errInformational = errcode.New(errcode.HTTP1Informational, "more than 32 informational responses")
)

const protocolName = "HTTP/"

// header is a parsed response header. Its space is used again for every
// response of a connection.
type header struct {
	version probe.Version
	status  int
	// fields point into the connection's buffer, or into its copy of the header:
	// they are valid until more of the response is read.
	fields []field

	// length is the value of Content-Length, which has so many digits, or -1.
	length    int64
	digits    int
	encodings int // field lines of Transfer-Encoding
	chunked   bool
	keepAlive bool
	// tunnel tells that the response may be the answer to CONNECT; one that grants it
	// has no content, whatever its fields say (RFC 9110, section 9.3.6).
	tunnel bool
	// joined tells that field lines were joined in place.
	joined bool
}

type field struct {
	name, value []byte
	folded      bool // it took more than one line
}

// headScan looks for the end of a response header in what has been received of it so
// far. As long as that has not come, the lines that have are judged on their own.
type headScan struct {
	scanned, lineStart int
	early              draft
}

// newHeadScan begins a scan. tunnel tells that the response may be the answer to CONNECT.
func newHeadScan(tunnel bool) headScan {
	return headScan{early: draft{header: header{length: -1, tunnel: tunnel}}}
}

// next returns the size of the header that received begins with, up to and including its
// empty line, or 0 if more has to be received. Each call is given what the one before
// was given, and more.
func (s *headScan) next(received []byte) (size int, err error) {
	if size := s.scan(received); size > 0 {
		return size, nil
	}
	if err := s.early.judge(received, s.lineStart); err != nil {
		return 0, err
	}
	if len(received) >= maxHeaderBytes {
		return 0, errHeaderSize
	}
	return 0, nil
}

// scan looks for the empty line that ends the header.
func (s *headScan) scan(received []byte) int {
	for {
		i := bytes.IndexByte(received[s.scanned:], '\n')
		if i < 0 {
			s.scanned = len(received)
			return 0
		}
		lineEnd := s.scanned + i
		line := trimCR(received[s.lineStart:lineEnd])
		s.scanned, s.lineStart = lineEnd+1, lineEnd+1
		if len(line) == 0 {
			return lineEnd + 1
		}
	}
}

// beginsResponse tells whether received can become a response. It finds a peer
// of another protocol without waiting for a line that may never end.
func beginsResponse(received []byte) bool {
	n := min(len(received), len(protocolName))
	return string(received[:n]) == protocolName[:n]
}

func (h *header) parse(block []byte) error {
	const usual = 16 // fields at most
	if h.fields == nil {
		h.fields = make([]field, 0, usual)
	}
	*h = header{fields: h.fields[:0], length: -1, tunnel: h.tunnel}
	line, rest := cutLine(block)
	if err := h.parseStatusLine(line); err != nil {
		return err
	}
	return h.parseFields(rest)
}

// parseStatusLine follows RFC 9112, section 4; like most clients it does without
// the space before an absent reason phrase.
func (h *header) parseStatusLine(line []byte) error {
	const versioned = len("HTTP/1.1")
	if len(line) < versioned || !beginsResponse(line) ||
		!isDigit(line[5]) || line[6] != '.' || !isDigit(line[7]) {
		return probe.NewExcerpt(errStatusLine, line)
	}
	switch string(line[len(protocolName):versioned]) {
	case "1.1":
		h.version, h.keepAlive = probe.HTTP11, true
	case "1.0":
		h.version = probe.HTTP10
	default:
		return probe.NewExcerpt(errVersion, line[:versioned])
	}
	rest := line[versioned:]
	if len(rest) < 4 || rest[0] != ' ' || len(rest) > 4 && rest[4] != ' ' || !isFieldValue(rest[4:]) {
		return probe.NewExcerpt(errStatusLine, line)
	}
	for _, d := range rest[1:4] {
		if !isDigit(d) {
			return probe.NewExcerpt(errStatusLine, line)
		}
		h.status = h.status*10 + int(d-'0')
	}
	if h.status < 100 || h.status > 599 {
		return statusFault(h.status)
	}
	return nil
}

// parseFields splits the field lines (RFC 9112, section 5) and reads those that frame
// the message.
func (h *header) parseFields(block []byte) error {
	var f field
	for {
		line, rest := cutLine(block)
		if len(line) == 0 {
			return nil
		}
		if err := f.parse(line); err != nil {
			return err
		}
		if len(rest) > 0 && isBlank(rest[0]) {
			f.folded = true
			if err := h.interpret(&f); err != nil { // whatever the lines say that continue it
				return err
			}
			line, rest = unfold(line, rest)
			h.joined = true
			if err := f.parse(line); err != nil {
				return err
			}
		}
		h.fields = append(h.fields, f)
		if err := h.interpret(&f); err != nil {
			return err
		}
		block = rest
	}
}

// unfold joins line and the lines at the start of rest that continue it, in the space
// of the first: the line break, and the blanks around it, become one space (RFC 9112,
// section 5.2).
func unfold(line, rest []byte) (joined, after []byte) {
	line = trimBlankEnd(line)
	for len(rest) > 0 && isBlank(rest[0]) {
		var more []byte
		more, rest = cutLine(rest)
		line = append(append(line, ' '), trimBlank(more)...) // of which there are less than was cut
	}
	return line, rest
}

// parse splits one field line.
func (f *field) parse(line []byte) error {
	colon := bytes.IndexByte(line, ':')
	if colon < 1 || !isToken(line[:colon]) {
		return probe.NewExcerpt(errHeaderLine, line)
	}
	f.name, f.value, f.folded = line[:colon], trimBlank(line[colon+1:]), false
	if !isFieldValue(f.value) {
		return probe.NewExcerpt(errHeaderValue, f.name)
	}
	return nil
}

// interpret reads a field if it frames the message (RFC 9112, section 6).
func (h *header) interpret(f *field) error {
	switch len(f.name) {
	case len("Connection"):
		if equalFold(f.name, "connection") {
			h.connection(f.value)
		}
	case len("Content-Length"):
		if equalFold(f.name, "content-length") {
			return h.contentLength(f)
		}
	case len("Transfer-Encoding"):
		if equalFold(f.name, "transfer-encoding") {
			return h.transferEncoding(f)
		}
	}
	return nil
}

// isTunnel tells whether the response grants CONNECT.
func (h *header) isTunnel() bool { return h.tunnel && h.status >= 200 && h.status < 300 }

// contentLength accepts a repeated field only with the same digits (RFC 9110,
// section 8.6).
func (h *header) contentLength(f *field) error {
	if h.isTunnel() {
		return nil
	}
	n, ok := parseLength(f.value)
	switch {
	case h.encodings > 0:
		return errEncodingAndLength
	case !ok || f.folded:
		return probe.NewExcerpt(errContentLength, f.value)
	case h.length >= 0 && (n != h.length || len(f.value) != h.digits):
		return lengthsFault(h.length, f.value)
	}
	h.length, h.digits = n, len(f.value)
	return nil
}

// transferEncoding accepts nothing that is ambiguous, folded lines among it, about
// where a message ends: another reading of it is how responses are smuggled (RFC
// 9112, section 6.3).
func (h *header) transferEncoding(f *field) error {
	if h.isTunnel() {
		return nil
	}
	h.encodings++
	h.chunked = equalFold(f.value, "chunked") && !f.folded
	switch {
	case h.encodings > 1:
		return errEncodings
	case !h.chunked:
		return probe.NewExcerpt(errTransferEncoding, f.value)
	case h.length >= 0:
		return errEncodingAndLength
	case h.version == probe.HTTP10:
		return errEncodingVersion
	}
	return nil
}

// connection reads the options of the Connection field (RFC 9112, section 9.3).
func (h *header) connection(value []byte) {
	for option := range bytes.SplitSeq(value, []byte(",")) {
		option = trimBlank(option)
		if equalFold(option, "close") {
			h.keepAlive = false
			return
		}
		if equalFold(option, "keep-alive") && h.version == probe.HTTP10 {
			h.keepAlive = true
		}
	}
}

package transport

import (
	"bytes"

	"example.com/prober/errcode"
)

// What a peer can do wrong in a response header.
var (
	errStatusLine       = errcode.New(errcode.HTTP1StatusLine, "malformed status line")
	errVersion          = errcode.New(errcode.HTTP1Version, "HTTP version other than 1.0 and 1.1")
	errStatusRange      = errcode.New(errcode.HTTP1StatusRange, "status outside 100-599")
	errHeaderSize       = errcode.New(errcode.HTTP1HeaderSize, "response header above 64 KiB")
	errHeaderField      = errcode.New(errcode.HTTP1Header, "malformed header field")
	errSwitch           = errcode.New(errcode.HTTP1Switch, "101 Switching Protocols that was not asked for")
	errInformational    = errcode.New(errcode.HTTP1Informational, "more than 32 informational responses")
	errContentLength    = errcode.New(errcode.HTTP1ContentLength, "bad or contradictory Content-Length")
	errTransferEncoding = errcode.New(errcode.HTTP1TransferEncoding, "unsupported or contradictory Transfer-Encoding")
)

const protocolName = "HTTP/"

// header is a parsed response header. Its space is used again for every
// response of a connection.
type header struct {
	version Version
	status  int
	// fields point into the connection's buffer, or into its copy of the header:
	// they are valid until more of the response is read.
	fields []field

	// length is the value of Content-Length, which is in digits, or -1.
	length    int64
	digits    []byte
	chunked   bool
	keepAlive bool
}

type field struct {
	name, value []byte
	folded      bool // it took more than one line
}

// readHeader reads one response header, up to and including its empty line.
func (c *conn) readHeader(r *Result) error {
	scanned, lineStart := 0, 0
	for {
		if c.repeatsHeader() {
			return nil
		}
		if size := c.scanBlock(&scanned, &lineStart); size > 0 {
			block := c.buf[c.start : c.start+size]
			c.start += size
			return c.parseHeader(block)
		}
		if c.end-c.start >= maxHeaderBytes {
			return errHeaderSize
		}
		if err := c.fill(r); err != nil {
			return err
		}
		if !beginsResponse(c.buf[c.start:c.end]) {
			return errStatusLine
		}
	}
}

// repeatable is how long a header may be, in bytes, for the connection to keep a copy.
const repeatable = 1 << 10

// repeatsHeader tells whether what was received begins with the same bytes as the header
// before, which has been consumed then: c.head says what it says. Within a second many
// servers send the same header again and again.
func (c *conn) repeatsHeader() bool {
	n := len(c.before)
	if n == 0 || c.end-c.start < n || !bytes.Equal(c.buf[c.start:c.start+n], c.before) {
		return false
	}
	c.start += n
	return true
}

// parseHeader parses a header, and from the second response on a copy of it.
func (c *conn) parseHeader(block []byte) error {
	c.before = c.before[:0]
	if c.served == 0 || len(block) > repeatable {
		return c.head.parse(block)
	}
	c.before = append(c.before, block...)
	return c.head.parse(c.before) // which joins lines, and so says the same
}

// beginsResponse tells whether received can become a response. It finds a peer
// of another protocol without waiting for a line that may never end.
func beginsResponse(received []byte) bool {
	n := min(len(received), len(protocolName))
	return string(received[:n]) == protocolName[:n]
}

// scanBlock looks for the empty line that ends a header and returns the size of
// the block up to and including it, or 0. Offsets count from c.start, so that a
// later call goes on where this one stopped.
func (c *conn) scanBlock(scanned, lineStart *int) int {
	unread := c.buf[c.start:c.end]
	for {
		i := bytes.IndexByte(unread[*scanned:], '\n')
		if i < 0 {
			*scanned = len(unread)
			return 0
		}
		lineEnd := *scanned + i
		line := trimCR(unread[*lineStart:lineEnd])
		*scanned, *lineStart = lineEnd+1, lineEnd+1
		if len(line) == 0 {
			return lineEnd + 1
		}
	}
}

func (h *header) parse(block []byte) error {
	const usual = 16 // fields at most
	if h.fields == nil {
		h.fields = make([]field, 0, usual)
	}
	fields := h.fields[:0]
	*h = header{fields: fields, length: -1}
	line, rest := cutLine(block)
	if err := h.parseStatusLine(line); err != nil {
		return err
	}
	h.keepAlive = h.version == HTTP11
	if err := h.parseFields(rest); err != nil {
		return err
	}
	return h.interpret()
}

// parseStatusLine follows RFC 9112, section 4; like most clients it does without
// the space before an absent reason phrase.
func (h *header) parseStatusLine(line []byte) error {
	const versioned = len("HTTP/1.1")
	if len(line) < versioned || !beginsResponse(line) ||
		!isDigit(line[5]) || line[6] != '.' || !isDigit(line[7]) {
		return errStatusLine
	}
	switch string(line[len(protocolName):versioned]) {
	case "1.1":
		h.version = HTTP11
	case "1.0":
		h.version = HTTP10
	default:
		return errVersion
	}
	line = line[versioned:]
	if len(line) < 4 || line[0] != ' ' || len(line) > 4 && line[4] != ' ' {
		return errStatusLine
	}
	for _, d := range line[1:4] {
		if !isDigit(d) {
			return errStatusLine
		}
		h.status = h.status*10 + int(d-'0')
	}
	if h.status < 100 || h.status > 599 {
		return errStatusRange
	}
	return nil
}

// parseFields splits the field lines (RFC 9112, section 5). A folded line is
// joined to the one before it with spaces, in place (section 5.2).
func (h *header) parseFields(block []byte) error {
	for {
		line, rest := cutLine(block)
		if len(line) == 0 {
			return nil
		}
		folded := len(rest) > 0 && isBlank(rest[0])
		for len(rest) > 0 && isBlank(rest[0]) {
			more, after := cutLine(rest)
			gap := block[len(line) : len(block)-len(rest)]
			for i := range gap {
				gap[i] = ' '
			}
			line = block[:len(line)+len(gap)+len(more)]
			rest = after
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 1 || !isToken(line[:colon]) {
			return errHeaderField
		}
		value := trimBlank(line[colon+1:])
		if !isFieldValue(value) {
			return errHeaderField
		}
		h.fields = append(h.fields, field{line[:colon], value, folded})
		block = rest
	}
}

// interpret reads the fields that frame the message (RFC 9112, section 6).
func (h *header) interpret() error {
	encodings := 0
	for _, f := range h.fields {
		switch len(f.name) {
		case len("Connection"):
			if equalFold(f.name, "connection") {
				h.connection(f.value)
			}
		case len("Content-Length"):
			if equalFold(f.name, "content-length") {
				if err := h.contentLength(f); err != nil {
					return err
				}
			}
		case len("Transfer-Encoding"):
			if equalFold(f.name, "transfer-encoding") {
				encodings++
				h.chunked = equalFold(f.value, "chunked") && !f.folded
			}
		}
	}
	if encodings == 0 {
		return nil
	}
	// Whatever is ambiguous, folded lines among it, about where a message ends is refused: another
	// reading of it is how responses are smuggled (RFC 9112, section 6.3).
	if encodings > 1 || !h.chunked || h.length >= 0 || h.version == HTTP10 {
		return errTransferEncoding
	}
	return nil
}

// contentLength accepts a repeated field only with the same digits (RFC 9110,
// section 8.6).
func (h *header) contentLength(f field) error {
	n, ok := parseLength(f.value)
	if !ok || f.folded || h.length >= 0 && !bytes.Equal(f.value, h.digits) {
		return errContentLength
	}
	h.length, h.digits = n, f.value
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
		if equalFold(option, "keep-alive") && h.version == HTTP10 {
			h.keepAlive = true
		}
	}
}

// keep passes the fields to k, if anything is kept.
func (h *header) keep(k *kept) {
	if k == nil {
		return
	}
	for _, f := range h.fields {
		k.fields.add(k.plan.fields, f.name, f.value)
	}
	k.begin(h.status)
}

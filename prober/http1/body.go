package http1

import (
	"bytes"
	"errors"
	"io"

	"example.com/prober/errcode"
	"example.com/prober/prober/content"
	"example.com/prober/prober/http1/head"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// What a peer can do wrong in a response body.
var (
	errChunkLine     = errcode.New(errcode.HTTP1Chunk, "a line of chunk framing above 4 KiB, or without CRLF at its end")
	errChunkOverhead = errcode.New(errcode.HTTP1Chunk, "above 16 KiB of chunk framing beyond what the chunks need")
	errChunkEnd      = errcode.New(errcode.HTTP1Chunk, "no CRLF after the content of a chunk")
	errTrailerLine   = errcode.New(errcode.Trailers, "a trailer line above 4 KiB, or without CRLF at its end")
	errTrailerSize   = errcode.New(errcode.Trailers, "trailers above 64 KiB")
	errDesync        = errcode.New(errcode.HTTP1Desync, "bytes after the end of the response")
)

// maxChunkOverhead bounds the bytes of one response spent on framing chunks, beyond the
// smallest frame of each chunk. MaxBody counts content alone, so without this bound a peer
// could fill the time of the request with extensions.
const maxChunkOverhead = 16 << 10

// readBody reads the content to its end by the rules of RFC 9112, section 6.3, and
// demands that nothing follows it.
func (c *conn) readBody(r *probe.Result) error {
	h := &c.head
	switch {
	// 205 is not among them: section 6.3 frames it like any other response.
	case c.x.Bodiless, h.Status == 204, h.Status == 304:
	case h.Chunked:
		if err := c.readChunks(r); err != nil {
			return err
		}
	case h.Length >= 0:
		if h.Length > c.x.MaxBody {
			return content.ErrBodyLimit
		}
		if err := c.discard(r, h.Length); err != nil {
			return err
		}
	default:
		return c.readUntilClose(r)
	}
	// No other request is under way on the connection, so these bytes answer nothing. The
	// next request must not take them for its response.
	if c.start != c.end {
		return errDesync
	}
	return nil
}

// readUntilClose reads content without any delimiter but the end of the connection. Under
// TLS, an end without close_notify is a truncation (RFC 9112, section 9.8).
func (c *conn) readUntilClose(r *probe.Result) error {
	c.head.KeepAlive = false
	for total := int64(0); ; {
		if r.Answer != nil {
			r.Answer.Take(c.buf[c.start:c.end])
		}
		if err := c.x.Kept.Take(c.buf[c.start:c.end]); err != nil {
			return err
		}
		total += int64(c.end - c.start)
		c.start = c.end
		if total > c.x.MaxBody {
			return content.ErrBodyLimit
		}
		err := c.fill(r)
		if errors.Is(err, io.EOF) {
			// Only the end of the connection says that the content is whole, so the
			// response ends when that has come.
			c.note(r)
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// discard consumes n bytes of content.
func (c *conn) discard(r *probe.Result, n int64) error {
	for {
		have := min(n, int64(c.end-c.start))
		if r.Answer != nil {
			r.Answer.Take(c.buf[c.start : c.start+int(have)])
		}
		if err := c.x.Kept.Take(c.buf[c.start : c.start+int(have)]); err != nil {
			return err
		}
		c.start += int(have)
		n -= have
		if n == 0 {
			return nil
		}
		skipped, err := c.skip(r, n)
		if err == nil && skipped == 0 {
			err = c.fill(r)
		}
		if err != nil {
			return truncated(err)
		}
		n -= skipped
	}
}

// skip drops received bytes of the content that nobody wants to see, 0 if there may be such.
// n bytes of content are still to come and the buffer is empty. The last bytes are left to
// fill: its buffer has room for more, so it also finds the bytes after them.
func (c *conn) skip(r *probe.Result, n int64) (int64, error) {
	spare := n - int64(len(c.buf)/2)
	if spare < readBufferSize || c.TLS != nil || r.Answer != nil || c.x.Kept.Wants() || !c.Stream.CanSkip() {
		return 0, nil
	}
	skipped, err := c.Stream.Skip(spare)
	if skipped > 0 {
		c.note(r)
		r.Received += int64(skipped)
		return int64(skipped), nil
	}
	return 0, err
}

// readChunks reads chunked content and its trailers (RFC 9112, section 7.1).
func (c *conn) readChunks(r *probe.Result) error {
	var total int64
	overhead := 0
	for {
		line, err := c.readLine(r)
		if err != nil {
			return err
		}
		size, err := chunkSize(line)
		if err != nil {
			return err
		}
		// The longest size has 15 digits, so what a chunk costs beyond 16 bytes is
		// extensions and blanks. Chunks of one byte are wasteful, but no fault.
		if overhead += len(line); size > 0 {
			overhead = max(0, overhead-16)
		}
		if overhead > maxChunkOverhead {
			return errChunkOverhead
		}
		if size == 0 {
			return c.readTrailers(r)
		}
		if total += size; total > c.x.MaxBody {
			return content.ErrBodyLimit
		}
		if err := c.discard(r, size); err != nil {
			return err
		}
		if err := c.endChunk(r); err != nil {
			return err
		}
	}
}

// endChunk consumes the CRLF after a chunk's content, and checks each byte as soon as it
// has come.
func (c *conn) endChunk(r *probe.Result) error {
	for _, want := range [...]byte{'\r', '\n'} {
		if c.start == c.end {
			if err := c.fill(r); err != nil {
				return truncated(err)
			}
		}
		if c.buf[c.start] != want {
			return errChunkEnd
		}
		c.start++
	}
	return nil
}

// chunkSize parses a chunk's first line: hexadecimal digits, then extensions. The
// extensions mean nothing here (RFC 9112, section 7.1.1).
func chunkSize(line []byte) (int64, error) {
	const longest = 15                // hexadecimal digits an int64 always holds
	line = message.TrimBlankEnd(line) // some servers fill the line up
	digits, extensions, extended := bytes.Cut(line, []byte(";"))
	switch {
	case len(digits) == 0 || len(digits) > longest:
		return 0, probe.NewExcerpt(head.ErrChunkSize, line)
	case extended && !areExtensions(extensions):
		return 0, probe.NewExcerpt(head.ErrChunkExtension, line)
	}
	var n int64
	for _, d := range digits {
		v := hexValue(d)
		if v < 0 {
			return 0, probe.NewExcerpt(head.ErrChunkSize, line)
		}
		n = n<<4 | v
	}
	return n, nil
}

func hexValue(d byte) int64 {
	switch {
	case '0' <= d && d <= '9':
		return int64(d - '0')
	case 'a' <= d && d <= 'f':
		return int64(d-'a') + 10
	case 'A' <= d && d <= 'F':
		return int64(d-'A') + 10
	default:
		return -1
	}
}

// readTrailers reads the fields after the last chunk up to the empty line. They are checked
// and not kept. Expectations look at the header alone: trailers must not be merged into it
// unless their definitions allow that (RFC 9112, section 7.1.2).
func (c *conn) readTrailers(r *probe.Result) error {
	for size := 0; ; {
		line, err := c.readLine(r)
		switch {
		case errors.Is(err, errChunkLine):
			return errTrailerLine
		case err != nil:
			return err
		case len(line) == 0:
			return nil
		}
		if size += len(line); size > message.MaxHeaderBytes {
			return errTrailerSize
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		switch {
		case !found || !message.IsToken(name):
			return probe.NewExcerpt(head.ErrTrailer, line)
		case !message.IsFieldValue(message.TrimBlank(value)):
			return probe.NewExcerpt(head.ErrTrailerValue, name)
		case r.Answer != nil:
			r.Answer.Field(name, message.TrimBlank(value))
		}
	}
}

// readLine returns the next line of chunk framing without its CRLF. A bare line feed is
// refused: peers that disagree on it disagree on the ends of chunks (RFC 9112, section
// 7.1). The line is valid until the next read.
func (c *conn) readLine(r *probe.Result) ([]byte, error) {
	// With its CRLF a line of this length fits in half of readBufferSize: the buffer of a
	// connection never grows for content, whatever the peer sends.
	const longest = 4<<10 - 2
	for scanned := 0; ; {
		unread := c.buf[c.start:c.end]
		if i := bytes.IndexByte(unread[scanned:], '\n'); i >= 0 {
			end := scanned + i
			if end == 0 || end > longest || unread[end-1] != '\r' {
				return nil, errChunkLine
			}
			c.start += end + 1
			return unread[:end-1], nil
		}
		if scanned = len(unread); scanned > longest {
			return nil, errChunkLine
		}
		if err := c.fill(r); err != nil {
			return nil, truncated(err)
		}
	}
}

// truncated turns an end of the stream into a truncation: it came inside a body.
func truncated(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

package content

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
)

// layer undoes one content coding. Its decoders are used again.
type layer struct {
	// in is read by the decoder to the end of its own data, no further.
	in      *bufio.Reader
	decoded io.Reader
	// left is how many bytes it may still yield; below 0 after an attempt to yield more.
	left int64

	gzip  *gzip.Reader
	zlib  io.Reader
	flate io.Reader
}

// open makes l yield the content of src in coding c, up to limit bytes.
func (l *layer) open(c coding, src io.Reader, limit int64, wide *wideDecoder) (err error) {
	if l.in == nil {
		l.in = bufio.NewReader(src)
	}
	l.in.Reset(src)
	l.left = limit
	switch c {
	case codingGzip:
		return l.openGzip()
	case codingDeflate:
		return l.openDeflate()
	case codingBrotli:
		l.left = min(limit, mostBrotli)
		l.decoded, err = wide.openBrotli(l.in, l.left)
	default:
		l.decoded, err = wide.openZstd(l.in)
	}
	return err
}

// Read returns [ErrInflated] if there is more than the limit.
func (l *layer) Read(p []byte) (int, error) {
	n, err := l.decoded.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, ErrInflated
	}
	return n, err
}

// ended reports whether the decoder has taken in all of its input.
func (l *layer) ended() bool {
	_, err := l.in.ReadByte()
	return err == io.EOF
}

func (l *layer) openGzip() error {
	if l.gzip == nil {
		l.gzip = new(gzip.Reader)
	}
	l.decoded = l.gzip
	return l.gzip.Reset(l.in)
}

// openDeflate also takes the format of RFC 1951, which many servers send. The right
// format is that of RFC 1950 (RFC 9110, section 8.4.1.2).
func (l *layer) openDeflate() error {
	header, _ := l.in.Peek(2)
	if !isZlib(header) {
		return l.openFlate()
	}
	if l.zlib == nil {
		decoder, err := zlib.NewReader(l.in)
		l.zlib, l.decoded = decoder, decoder
		return err
	}
	l.decoded = l.zlib
	return l.zlib.(zlib.Resetter).Reset(l.in, nil)
}

func (l *layer) openFlate() error {
	if l.flate == nil {
		l.flate = flate.NewReader(l.in)
		l.decoded = l.flate
		return nil
	}
	l.decoded = l.flate
	return l.flate.(flate.Resetter).Reset(l.in, nil)
}

// isZlib reports whether data can begin with the header of RFC 1950, section 2.2.
func isZlib(header []byte) bool {
	const deflate = 8
	return len(header) == 2 && header[0]&0x0f == deflate && (int(header[0])<<8|int(header[1]))%31 == 0
}

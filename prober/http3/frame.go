package http3

import (
	"errors"
	"io"

	"github.com/quic-go/quic-go/quicvarint"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// Types of frames (RFC 9114, section 7.2).
const (
	frameData        = 0x0
	frameHeaders     = 0x1
	frameCancelPush  = 0x3
	frameSettings    = 0x4
	framePushPromise = 0x5
	frameGoAway      = 0x7
	frameMaxPushID   = 0xd
)

// readAhead is the size of the read buffer of a stream, in bytes.
const readAhead = 16 << 10

// isReserved reports whether a frame type is from HTTP/2 and forbidden in HTTP/3 (RFC 9114,
// section 7.2.8).
func isReserved(kind uint64) bool {
	switch kind {
	case 0x2, 0x6, 0x8, 0x9:
		return true
	}
	return false
}

// inbox has the unprocessed bytes read from a stream. Its buffer is reused.
type inbox struct {
	buf        []byte
	start, end int
	failure    error // of the last read; the next read returns it
	// first and last are the arrivals of the bytes of the first and the last read; received is
	// how many bytes came.
	first, last probe.Arrival
	received    int64
	socket      *wire.Datagrams // knows when datagrams arrive
}

func (b *inbox) begin() {
	if cap(b.buf) != readAhead { // a long header may have made it longer
		b.buf = make([]byte, readAhead)
	}
	*b = inbox{buf: b.buf}
}

// hasBegun reports whether anything has arrived.
func (b *inbox) hasBegun() bool { return b.first.Read != 0 }

// have returns the unprocessed bytes.
func (b *inbox) have() []byte { return b.buf[b.start:b.end] }

// skip drops n unprocessed bytes.
func (b *inbox) skip(n int) { b.start += n }

// fill reads once from the stream. It returns io.EOF at its end.
func (b *inbox) fill(from io.Reader) error {
	if b.failure != nil {
		return b.failure
	}
	if b.start == b.end {
		b.start, b.end = 0, 0
	} else if b.end == len(b.buf) {
		b.end = copy(b.buf, b.have())
		b.start = 0
	}
	// A read may yield bytes together with an error. They count, and the error waits for
	// the next call.
	n, err := from.Read(b.buf[b.end:])
	b.failure = err
	if n > 0 || errors.Is(err, io.EOF) {
		b.last = b.socket.Arrival()
	}
	if n == 0 {
		return err
	}
	if !b.hasBegun() {
		b.first = b.last
	}
	b.end += n
	b.received += int64(n)
	return nil
}

// need fills the inbox until it has n bytes.
func (b *inbox) need(from io.Reader, n int) error {
	// section bounds n, so a server cannot make the buffer longer than a field section may
	// be.
	if n > len(b.buf) {
		b.buf = append(make([]byte, 0, n), b.have()...)[:n]
		b.start, b.end = 0, b.end-b.start
	}
	for b.end-b.start < n {
		if err := b.fill(from); err != nil {
			return err
		}
	}
	return nil
}

// frame reads the type and the length of the next frame. It returns io.EOF if the stream
// ends before a frame, and io.ErrUnexpectedEOF within.
func (b *inbox) frame(from io.Reader) (kind, length uint64, err error) {
	for {
		p := b.have()
		if kind, n, err := quicvarint.Parse(p); err == nil {
			if length, m, err := quicvarint.Parse(p[n:]); err == nil {
				b.skip(n + m)
				return kind, length, nil
			}
		}
		if err := b.fill(from); err != nil {
			if errors.Is(err, io.EOF) && len(b.have()) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return 0, 0, err
		}
	}
}

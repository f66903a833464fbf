package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"github.com/klauspost/compress/zstd"

	"example.com/prober/errcode"
)

const (
	contentEncoding = "content-encoding"
	// maxCodings is how many codings one body may have, each over the last.
	maxCodings = 3
	// maxInflation is how many times longer a body may become in decoding, beyond
	// freeInflation, which every body may reach.
	maxInflation  = 100
	freeInflation = 64 << 10
	// maxDecoders is how many bodies are decoded at the same time.
	maxDecoders = 2
	// decoderKeeps is the longest body after which the space of a decoder stays.
	decoderKeeps = 64 << 10
)

var (
	errCoding  = errcode.New(errcode.Decompression, "the body has a content coding that is unknown, or too many of them")
	errSurplus = errcode.New(errcode.Decompression, "bytes after the end of the compressed body")
)

// coding is a content coding (RFC 9110, section 8.4.1).
type coding uint8

const (
	codingGzip    coding = iota
	codingDeflate        // with or without the wrapper that it should have
	codingBrotli         // RFC 7932
	codingZstd           // RFC 8878
)

// codings returns the codings of the body in the order in which they were
// applied, which is the order of the field lines.
func (k *kept) codings(list []coding) ([]coding, error) {
	for _, f := range k.fields.fields {
		if f.name != contentEncoding {
			continue
		}
		for name := range bytes.SplitSeq(k.fields.value(f), []byte(",")) {
			name = trimBlank(name)
			if len(name) == 0 || equalFold(name, "identity") {
				continue
			}
			c, ok := codingOf(name)
			if !ok || len(list) == maxCodings || c.isWide() && slices.ContainsFunc(list, coding.isWide) {
				return nil, errCoding
			}
			list = append(list, c)
		}
	}
	return list, nil
}

// isWide tells whether a coding needs megabytes to be undone: 16 and 8 of them. A
// body has one such coding at most.
func (c coding) isWide() bool { return c == codingBrotli || c == codingZstd }

func codingOf(name []byte) (c coding, ok bool) {
	switch {
	case equalFold(name, "gzip"), equalFold(name, "x-gzip"):
		return codingGzip, true
	case equalFold(name, "deflate"):
		return codingDeflate, true
	case equalFold(name, "br"):
		return codingBrotli, true
	case equalFold(name, "zstd"):
		return codingZstd, true
	}
	return 0, false
}

// Decoders decode response bodies for all transports that share them, two at a
// time, so that what decoding needs of memory is bounded however many peers send
// what inflates.
type Decoders struct{ free chan *decoder }

// NewDecoders returns decoders that share nothing with others.
func NewDecoders() *Decoders {
	d := &Decoders{free: make(chan *decoder, maxDecoders)}
	for range maxDecoders {
		d.free <- new(decoder)
	}
	return d
}

// decode undoes the codings of raw, the last one first. It returns what use makes
// of the result, or why there is none. With use nil the result is dropped.
func (d *Decoders) decode(raw []byte, codings []coding, use func([]byte) error) (verdict, err error) {
	free := <-d.free
	defer func() {
		if p := recover(); p != nil {
			err = errcode.Wrap(errcode.Panic, "panic", fmt.Errorf("%v\n%s", p, debug.Stack()))
			free = new(decoder)
		}
		if cap(free.out) > decoderKeeps {
			free.out = nil
		}
		d.free <- free
	}()
	if err := free.decode(raw, codings, use != nil); err != nil {
		return nil, err
	}
	if use != nil {
		verdict = use(free.out)
	}
	return verdict, nil
}

// decoder is the space for decoding one body.
type decoder struct {
	raw     bytes.Reader
	layers  [maxCodings]layer
	wide    wideDecoder
	out     []byte
	surplus [4 << 10]byte // takes what out has no room for
}

// decode leaves the result in d.out if it is to be kept. A long one is decoded
// twice: first to see whether it ends within the limit, so that what does not
// takes no memory, and once more into space that was made for it.
func (d *decoder) decode(raw []byte, codings []coding, keep bool) error {
	if d.out == nil {
		d.out = make([]byte, 0, readAhead)
	}
	size, err := d.pass(raw, codings)
	if err != nil || size <= len(d.out) || !keep {
		return err
	}
	d.out = make([]byte, 0, size)
	_, err = d.pass(raw, codings)
	return err
}

// pass decodes raw and returns the size of the result, of which as much as there
// is room for is in d.out.
func (d *decoder) pass(raw []byte, codings []coding) (size int, err error) {
	d.raw.Reset(raw)
	defer d.raw.Reset(nil) // raw is not ours
	limit := min(maxKeptBytes, max(freeInflation, int64(len(raw))*maxInflation))
	var src io.Reader = &d.raw
	for i := range codings {
		l := &d.layers[i]
		if err := l.open(codings[len(codings)-1-i], src, limit, &d.wide); err != nil {
			return 0, explain(err, d.layers[:i+1])
		}
		src = l
	}
	if size, err = d.drain(src); err != nil {
		return 0, explain(err, d.layers[:len(codings)])
	}
	for i := range codings {
		if !d.layers[i].ended() {
			return 0, errSurplus
		}
	}
	return size, nil
}

// drain reads src to its end.
func (d *decoder) drain(src io.Reader) (size int, err error) {
	d.out = d.out[:0]
	for {
		room := d.out[len(d.out):cap(d.out)]
		if len(room) == 0 {
			room = d.surplus[:]
		}
		n, err := src.Read(room)
		size += n
		d.out = d.out[:min(size, cap(d.out))]
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// explain tells a body that becomes too long from one that is broken. The errors
// of the decoders hold nothing that the peer sent.
func explain(err error, opened []layer) error {
	tooLong := errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded)
	for i := range opened {
		tooLong = tooLong || opened[i].left < 0
	}
	if tooLong {
		return errInflated
	}
	return errcode.Wrap(errcode.Decompression, "the body cannot be decompressed", err)
}

package content

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
)

const (
	contentEncoding = "content-encoding"
	// maxCodings is how many codings one body may have, each over the last.
	maxCodings = 3
	// maxInflation is how many times longer a body may become in decoding, beyond
	// freeInflation. Every body may reach freeInflation.
	maxInflation  = 100
	freeInflation = 64 << 10
	// maxDecoders is how many bodies are decoded at the same time.
	maxDecoders = 2
	// shortBody is the longest decoded body to fit into the space of a decoder.
	shortBody = 64 << 10
)

var (
	errCoding  = errcode.New(errcode.Decompression, "the body has a content coding that is unknown, or too many of them")
	errSurplus = errcode.New(errcode.Decompression, "bytes after the end of the compressed body")
)

// coding is a content coding (RFC 9110, section 8.4.1).
type coding uint8

const (
	codingGzip    coding = iota
	codingDeflate        // with the wrapper it should have, or without
	codingBrotli         // RFC 7932
	codingZstd           // RFC 8878
)

// codings returns the codings of the body in the order of their application: that of the
// field lines.
func (k *Kept) codings(list []coding) ([]coding, error) {
	for _, f := range k.Fields.Fields {
		if f.Name != contentEncoding {
			continue
		}
		for name := range bytes.SplitSeq(k.Fields.Value(f), []byte(",")) {
			name = message.TrimBlank(name)
			if len(name) == 0 || message.EqualFold(name, "identity") {
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

// isWide reports whether a coding needs megabytes to be undone. A body has one such
// coding at most.
func (c coding) isWide() bool { return c == codingBrotli || c == codingZstd }

func codingOf(name []byte) (c coding, ok bool) {
	switch {
	case message.EqualFold(name, "gzip"), message.EqualFold(name, "x-gzip"):
		return codingGzip, true
	case message.EqualFold(name, "deflate"):
		return codingDeflate, true
	case message.EqualFold(name, "br"):
		return codingBrotli, true
	case message.EqualFold(name, "zstd"):
		return codingZstd, true
	}
	return 0, false
}

// Decoders decode response bodies for all transports that share them, and keep the bodies
// until then. So their memory is bounded however many peers send bodies that inflate.
type Decoders struct {
	free  chan *decoder
	wide  chan *wideDecoder // the only one
	space space
}

// NewDecoders returns decoders that share nothing with others. All bodies kept at the
// same time, as they came and decoded, may take mostKept bytes; 0 means no ceiling. Short
// bodies do not count: up to 16 KiB as they came, and up to 64 KiB decoded.
func NewDecoders(mostKept int) *Decoders {
	d := &Decoders{free: make(chan *decoder, maxDecoders), wide: make(chan *wideDecoder, 1), space: space{most: mostKept}}
	for range maxDecoders {
		d.free <- new(decoder)
	}
	d.wide <- new(wideDecoder)
	return d
}

// Kept returns how many bytes the bodies kept at this moment have.
func (d *Decoders) Kept() int { return d.space.used() }

// decode undoes the codings of raw, the last one first. It returns the verdict of use on
// the result, or why there is none. With use nil the result is dropped. It waits only for
// other bodies, and their decoding ends by itself.
func (d *Decoders) decode(raw []byte, codings []coding, use func([]byte) error) (verdict, err error) {
	var wide *wideDecoder
	if slices.ContainsFunc(codings, coding.isWide) {
		wide = <-d.wide // before a decoder: others can use the decoder meanwhile
		defer func() { d.wide <- wide }()
	}
	return d.decodeWith(wide, raw, codings, use)
}

// decodeWith is decode with the wide decoder for codings that take megabytes, nil if none
// is needed.
func (d *Decoders) decodeWith(wide *wideDecoder, raw []byte, codings []coding, use func([]byte) error) (verdict, err error) {
	free := <-d.free
	defer func() {
		if p := recover(); p != nil {
			err = errcode.Wrap(errcode.Panic, "panic", fmt.Errorf("%v\n%s", p, debug.Stack()))
			free = new(decoder)
			if wide != nil {
				*wide = wideDecoder{}
			}
		}
		d.free <- free
	}()
	free.wide = wide
	if free.short == nil {
		free.short = make([]byte, 0, shortBody)
	}
	size, err := free.pass(raw, codings, free.short)
	if wide != nil && wide.asksLong {
		size, err = free.pass(raw, codings, free.short)
	}
	switch {
	case err != nil || use == nil:
		return nil, err
	case size <= len(free.out):
		return use(free.out), nil
	}
	return d.again(free, raw, codings, size, use)
}

// again decodes a body too long for the decoder's own space. If a body does not end
// within the limit, it has taken no memory so far.
func (d *Decoders) again(free *decoder, raw []byte, codings []coding, size int, use func([]byte) error) (verdict, err error) {
	long, ok := d.space.lend(size, size)
	if !ok {
		return nil, ErrNoSpace
	}
	defer func() {
		free.out = nil
		d.space.giveBack(long)
	}()
	if _, err := free.pass(raw, codings, long[:0:size]); err != nil {
		return nil, err
	}
	return use(free.out), nil
}

// decoder is the space for decoding one body.
type decoder struct {
	raw     bytes.Reader
	layers  [maxCodings]layer
	wide    *wideDecoder  // of the body; nil if none of its codings needs it
	short   []byte        // space for the result
	out     []byte        // the result, or as much of it as there is room for
	surplus [4 << 10]byte // takes the bytes without room in out
}

// pass decodes raw and returns the size of the result. out holds as much of the result as
// there is room for.
func (d *decoder) pass(raw []byte, codings []coding, out []byte) (size int, err error) {
	d.out = out
	d.raw.Reset(raw)
	defer d.raw.Reset(nil) // raw is not ours
	limit := min(maxKeptBytes, max(freeInflation, int64(len(raw))*maxInflation))
	var src io.Reader = &d.raw
	for i := range codings {
		l := &d.layers[i]
		if err := l.open(codings[len(codings)-1-i], src, limit, d.wide); err != nil {
			return 0, d.explain(err, i+1)
		}
		src = l
	}
	if size, err = d.drain(src); err != nil {
		return 0, d.explain(err, len(codings))
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

// explain distinguishes a body that becomes too long from a broken one. The errors of the
// decoders hold no bytes of the peer.
func (d *decoder) explain(err error, opened int) error {
	tooLong := isWindow(err)
	for i := range d.layers[:opened] {
		tooLong = tooLong || d.layers[i].left < 0
	}
	if tooLong {
		return ErrInflated
	}
	return errcode.Wrap(errcode.Decompression, "the body cannot be decompressed", err)
}

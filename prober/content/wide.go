package content

import (
	"bufio"
	"errors"
	"io"
	"math/bits"
	"runtime"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

const (
	// mostWindows bounds the windows of both wide decoders together, in bytes.
	mostWindows = 11 << 20
	// longWindow is worth a run of the collector: the next one may be as long, and two of
	// them are more garbage than there should be.
	longWindow = 4 << 20
	// usualZstd is the longest window of a zstd decoder at its beginning; one more window
	// is needed if a frame says so.
	usualZstd = 2 << 20
	// brotliGap is how much shorter than the window the longest distance of brotli is
	// (RFC 7932, section 9.1).
	brotliGap = 16
	// mostBrotli is the longest body a brotli window of 8 MiB is enough for.
	mostBrotli = maxKeptBytes - brotliGap
)

// wideDecoder is for codings with decoders of megabytes. It keeps the decoders from body
// to body, and decodes one body at a time.
type wideDecoder struct {
	brotli *brotli.Reader
	zstd   *zstd.Decoder
	narrow narrowed
	from   io.Reader // the decoder of the body
	out    int       // how many bytes of the body have come
	// brotliHolds and zstdHolds are the most bytes their windows can have. taking is the
	// most that brotli takes for the body.
	brotliHolds, zstdHolds, taking int
	// isBroken means that the brotli decoder leaves its window to the collector.
	isBroken bool
	// hasLong means that the zstd decoder may have a window of 8 MiB; asksLong, that the
	// body needs it.
	hasLong, asksLong bool
}

// openBrotli makes the window no larger than a body of up to limit bytes needs. Nothing
// in such a body can refer further back.
func (w *wideDecoder) openBrotli(src *bufio.Reader, limit int64) (io.Reader, error) {
	w.settle()
	w.narrow.open(src, limit)
	if w.zstdHolds+w.narrow.window > mostWindows {
		w.zstd, w.zstdHolds, w.hasLong = nil, 0, false
		runtime.GC()
	}
	if w.brotli == nil {
		w.brotli = new(brotli.Reader)
	}
	w.from, w.taking = w.brotli, w.narrow.window
	return w, w.brotli.Reset(&w.narrow)
}

// openZstd allows a window of 8 MiB, the limit of the content coding (RFC 9659, section
// 3), but not before a body has asked for it.
func (w *wideDecoder) openZstd(src io.Reader) (io.Reader, error) {
	w.hasLong = w.hasLong || w.asksLong
	w.settle()
	w.zstdHolds = usualZstd
	if w.hasLong {
		w.zstdHolds = maxKeptBytes
	}
	if w.brotliHolds+w.zstdHolds > mostWindows {
		w.brotli, w.brotliHolds = nil, 0
		runtime.GC()
	}
	if w.zstd == nil {
		decoder, err := zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1), // starts no goroutine
			zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxMemory(maxKeptBytes),
		)
		if err != nil {
			return nil, err
		}
		w.zstd = decoder
	}
	w.from = w.zstd
	return w, w.zstd.ResetWithOptions(src, zstd.WithDecoderMaxWindow(uint64(w.zstdHolds)))
}

// settle ends the use of the decoders for the body before.
func (w *wideDecoder) settle() {
	w.brotliHolds = max(w.brotliHolds, w.taking)
	if w.isBroken {
		isLong := w.brotliHolds >= longWindow
		w.brotli, w.brotliHolds = nil, 0
		if isLong {
			runtime.GC()
		}
	}
	w.from, w.out, w.taking, w.isBroken, w.asksLong = nil, 0, 0, false, false
}

// Read implements io.Reader for the last body opened.
func (w *wideDecoder) Read(p []byte) (int, error) {
	n, err := w.from.Read(p)
	w.out += n
	switch {
	case err == nil:
	case w.from == w.zstd:
		w.asksLong = !w.hasLong && isWindow(err)
	case err == io.EOF:
		// As long as the body was in order, the window has grown with it.
		w.taking = min(w.taking, 1<<bits.Len(uint(w.out)))
	default:
		w.isBroken = true
	}
	return n, err
}

// isWindow reports whether err means that a zstd decoder needs a longer window for a
// body.
func isWindow(err error) bool {
	return errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded)
}

// narrowed yields a brotli body with a window no larger than necessary: the first byte
// says how large.
type narrowed struct {
	src    *bufio.Reader
	window int // bytes, at most
	first  byte
	has    bool // first is still to be read
}

// open begins with src. Up to limit bytes come from it.
func (n *narrowed) open(src *bufio.Reader, limit int64) {
	const usual, least = 16, 17 // bits
	*n = narrowed{src: src, window: 1 << usual}
	first, err := src.ReadByte()
	if err != nil {
		return // the next read returns the error
	}
	// If the lowest bit is set, the next three say how many bits the window has beyond
	// 17. If they are 0, it is shorter (RFC 7932, section 9.1).
	if more := first >> 1 & 7; first&1 != 0 && more != 0 {
		need := byte(1)
		for int64(1)<<(least+need)-brotliGap < limit {
			need++
		}
		more = min(more, need)
		first = first&^(7<<1) | more<<1
		n.window = 1 << (least + more)
	}
	n.first, n.has = first, true
}

// Read implements io.Reader.
func (n *narrowed) Read(p []byte) (int, error) {
	if n.has && len(p) > 0 {
		p[0], n.has = n.first, false
		return 1, nil
	}
	return n.src.Read(p)
}

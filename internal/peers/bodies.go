package peers

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// largestWindow after a coding sets the largest window that a decoder has to allow.
const largestWindow = " with the largest window"

// Encode applies codings to content, in this order. A coding is gzip, zlib, flate, br or zstd; the last two may have
// "with the largest window" behind them. It panics for any other. HTTP's deflate is zlib, but many servers send flate
// for it.
func Encode[C []byte | string](content C, codings ...string) C {
	for _, coding := range codings {
		var b bytes.Buffer
		w, err := encoder(&b, coding)
		if err != nil {
			panic(err)
		}
		_, _ = w.Write([]byte(content)) // to memory, as the end of it
		_ = w.Close()
		content = C(b.Bytes())
	}
	return content
}

func encoder(w io.Writer, coding string) (io.WriteCloser, error) {
	switch coding {
	case "gzip":
		return gzip.NewWriter(w), nil
	case "zlib":
		return zlib.NewWriter(w), nil
	case "flate":
		return flate.NewWriter(w, flate.DefaultCompression)
	case "br":
		return brotli.NewWriter(w), nil
	case "br" + largestWindow:
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: 5, LGWin: 24}), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	case "zstd" + largestWindow:
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	}
	panic("no coding is called " + coding)
}

// HostileBody is the content of a response. It is large, or becomes large after decoding.
type HostileBody struct {
	Name    string
	Coding  string // as in the field Content-Encoding, "" for none
	Content []byte
	// Codes are the possible error codes. They depend on whether the prober checks the content.
	Codes []string
}

// HostileBodies are bombs, long bodies and broken ones in each coding and in stacks of codings. They are so long that a
// decoder needs its largest amount of memory.
func HostileBodies(seed uint64) []HostileBody {
	noise := make([]byte, 700<<10)
	random := rand.New(rand.NewPCG(seed, 7))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	zeros := make([]byte, 32<<20)
	bomb := append(bytes.Clone(noise[:100<<10]), zeros...)
	large := append(bytes.Clone(noise[:150<<10]), bytes.Repeat(noise[:20<<10], 290)...)
	bodies := []HostileBody{
		{Name: "plain", Content: noise, Codes: []string{"0", "1712"}},
		{Name: "endless", Content: zeros[:4<<20], Codes: []string{"1703"}},
		{Name: "unknown", Coding: "gzip, br, zstd", Content: noise[:100], Codes: []string{"0", "1701"}},
	}
	widest := strings.NewReplacer("deflate", "flate", "br", "br"+largestWindow, "zstd", "zstd"+largestWindow)
	for _, stack := range []string{
		"gzip", "deflate", "br", "zstd", "gzip, br", "br, gzip", "gzip, zstd", "zstd, gzip", "deflate, gzip, br", "gzip, gzip, zstd",
	} {
		codings := strings.Split(widest.Replace(stack), ", ")
		whole := Encode(large, codings...)
		broken := append(bytes.Clone(whole[:len(whole)*9/10]), bytes.Repeat([]byte{0xff}, 100)...)
		bodies = append(bodies,
			HostileBody{Name: "bomb", Coding: stack, Content: Encode(bomb, codings...), Codes: []string{"1704"}},
			HostileBody{Name: "large", Coding: stack, Content: whole, Codes: []string{"0", "1712"}},
			HostileBody{Name: "broken", Coding: stack, Content: broken, Codes: []string{"1701", "1704"}})
	}
	return bodies
}

package transport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// oneAfterAnother measures what a request costs if nothing else goes on beside it.
func oneAfterAnother(b *testing.B, tr *Transport) {
	b.Helper()
	var r probe.Result
	b.ReportAllocs()
	for b.Loop() {
		again(context.Background(), tr, &r, patience)
		if r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

func BenchmarkHTTP1(b *testing.B) {
	p := peers.Listen(b, peers.Answering(peers.OKAnswer))
	tr := newTransport(b, Config{URL: p.URL("http")})
	oneAfterAnother(b, tr)
}

// BenchmarkHTTP1ByTheProgramsClock does not ask the kernel when answers arrive.
func BenchmarkHTTP1ByTheProgramsClock(b *testing.B) {
	p := peers.Listen(b, peers.Answering(peers.OKAnswer))
	cfg := Config{URL: p.URL("http")}
	cfg.Clock = option.ProgramClock
	oneAfterAnother(b, newTransport(b, cfg))
}

func BenchmarkNewConnection(b *testing.B) {
	p := peers.Listen(b, peers.Answering(peers.OKAnswer))
	tr := newTransport(b, Config{URL: p.URL("http"), RequestsPerConnection: 1})
	oneAfterAnother(b, tr)
}

func TestSteadyStateOfHTTP1AllocatesNothing(t *testing.T) {
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	for _, clock := range []option.Clock{option.ProgramClock, option.KernelClock} {
		cfg := Config{URL: p.URL("http")}
		cfg.Clock = clock
		assert.Zero(t, steadyState(t, newTransport(t, cfg)), clock)
	}
}

// fastPeer answers each request on an HTTP/2 connection with status 200 and five bytes,
// and allocates nothing for it. The literals in its header are of all kinds but those
// that change the dynamic table with every response.
func fastPeer(tb testing.TB) func(net.Conn) {
	tb.Helper()
	var frames bytes.Buffer
	framer := http2.NewFramer(&frames, nil)
	require.NoError(tb, framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1000}))
	settings := bytes.Clone(frames.Bytes())

	frames.Reset()
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encoder.SetMaxDynamicTableSize(0)
	for _, f := range [][2]string{
		{":status", "200"}, {"server", "peer"}, {"date", "Mon, 01 Jan 2024 00:00:00 GMT"},
		{"content-type", "text/plain"}, {"content-length", "5"}, {"x-plain", "~~~~"},
	} {
		require.NoError(tb, encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
	}
	require.NoError(tb, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}))
	data := frames.Len()
	require.NoError(tb, framer.WriteData(1, true, []byte("hello")))
	answer := frames.Bytes()

	return func(c net.Conn) {
		in := bufio.NewReaderSize(c, 32<<10)
		if _, err := in.Discard(len(http2.ClientPreface)); err != nil {
			return
		}
		if _, err := c.Write(settings); err != nil {
			return
		}
		var out []byte
		for {
			header, err := in.Peek(labFrameHeader)
			if err != nil {
				return
			}
			length := int(binary.BigEndian.Uint32(header) >> 8)
			ended := header[3] <= byte(http2.FrameHeaders) && header[4]&1 != 0
			id := binary.BigEndian.Uint32(header[5:])
			if _, err := in.Discard(labFrameHeader + length); err != nil {
				return
			}
			if ended {
				at := len(out)
				out = append(out, answer...)
				binary.BigEndian.PutUint32(out[at+5:], id)
				binary.BigEndian.PutUint32(out[at+data+5:], id)
			}
			if in.Buffered() == 0 && len(out) > 0 {
				if _, err := c.Write(out); err != nil {
					return
				}
				out = out[:0]
			}
		}
	}
}

func BenchmarkHTTP2(b *testing.B) {
	p := peers.Listen(b, fastPeer(b))
	tr := newTransport(b, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
	oneAfterAnother(b, tr)
}

func BenchmarkHTTP2ManyStreams(b *testing.B) {
	p := peers.Listen(b, fastPeer(b))
	tr := newTransport(b, Config{URL: p.URL("http"), HTTPVersion: option.H2C})
	require.NoError(b, do(tr, patience).Err)
	const streams = 64
	b.SetParallelism(streams / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var r probe.Result
		for pb.Next() {
			again(context.Background(), tr, &r, patience)
			if r.Err != nil {
				b.Error(r.Err)
				return
			}
		}
	})
}

func TestSteadyStateOfHTTP2AllocatesNothing(t *testing.T) {
	p := peers.Listen(t, fastPeer(t))
	for _, clock := range []option.Clock{option.ProgramClock, option.KernelClock} {
		cfg := Config{URL: p.URL("http"), HTTPVersion: option.H2C}
		cfg.Clock = clock
		assert.Zero(t, steadyState(t, newTransport(t, cfg)), clock)
	}
}

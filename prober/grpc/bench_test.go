package grpc

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

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
)

// fastPeer answers each call with one message, without allocations.
func fastPeer(tb testing.TB) peers.Script {
	tb.Helper()
	const frameHeader = 9
	var frames bytes.Buffer
	framer := http2.NewFramer(&frames, nil)
	require.NoError(tb, framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1000}))
	const defaultWindow, largestWindow = 1<<16 - 1, 1<<31 - 1 // RFC 9113, section 6.9.2
	require.NoError(tb, framer.WriteWindowUpdate(0, largestWindow-defaultWindow))
	settings := bytes.Clone(frames.Bytes())
	frames.Reset()
	block := func(pairs ...string) []byte {
		var b bytes.Buffer
		encoder := hpack.NewEncoder(&b)
		encoder.SetMaxDynamicTableSize(0)
		for i := 0; i < len(pairs); i += 2 {
			require.NoError(tb, encoder.WriteField(hpack.HeaderField{Name: pairs[i], Value: pairs[i+1]}))
		}
		return b.Bytes()
	}
	require.NoError(tb, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block(":status", "200", "content-type", "application/grpc"), EndHeaders: true}))
	data := frames.Len()
	require.NoError(tb, framer.WriteData(1, false, []byte(framed(0, serving))))
	end := frames.Len()
	require.NoError(tb, framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block("grpc-status", "0", "grpc-message", ""), EndHeaders: true, EndStream: true}))
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
			header, err := in.Peek(frameHeader)
			if err != nil {
				return
			}
			length := int(binary.BigEndian.Uint32(header) >> 8)
			ended := header[3] == byte(http2.FrameData) && header[4]&1 != 0
			id := binary.BigEndian.Uint32(header[5:])
			if _, err := in.Discard(frameHeader + length); err != nil {
				return
			}
			if ended {
				at := len(out)
				out = append(out, answer...)
				for _, frame := range []int{0, data, end} {
					binary.BigEndian.PutUint32(out[at+frame+5:], id)
				}
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

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for name, cfg := range map[string]Config{
		"the health service": {},
		"an expectation":     {Expect: Expectation{Message: map[string]any{"status": "SERVING"}}},
		"another service":    {Service: "shop.v1.Orders", Method: "List"},
		"metadata":           {Metadata: fields("x-team", "payments"), Traceparent: true},
		"credentials":        {Authorization: func() (string, error) { return "Bearer abcdefghijklmnopqrstuvwxyz0123456789", nil }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Plan = planOf(peers.Listen(t, fastPeer(t)))
			e := newEngine(t, cfg)
			var r probe.Result
			call := func() {
				again(context.Background(), e, &r, patience)
				if code := e.Code(&r); code != errcode.OK {
					t.Fatal("the call failed:", code, textOf(&r))
				}
			}
			call()
			assert.Zero(t, testing.AllocsPerRun(200, call))
		})
	}
}

func BenchmarkCall(b *testing.B) {
	e := newEngine(b, Config{Plan: planOf(peers.Listen(b, fastPeer(b)))})
	var r probe.Result
	b.ReportAllocs()
	for b.Loop() {
		again(context.Background(), e, &r, patience)
		if r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

func BenchmarkManyCalls(b *testing.B) {
	e := newEngine(b, Config{Plan: planOf(peers.Listen(b, fastPeer(b)))})
	require.NoError(b, do(e, patience).Err)
	const streams = 64
	b.SetParallelism(streams / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var r probe.Result
		for pb.Next() {
			again(context.Background(), e, &r, patience)
			if r.Err != nil {
				b.Error(r.Err)
				return
			}
		}
	})
}

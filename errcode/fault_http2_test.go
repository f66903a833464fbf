package errcode_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/errcode"
)

// http2Codes are the HTTP/2 error codes of RFC 9113 and one that is unknown.
const http2Codes = 15

// http2Faults are met by the HTTP/2 client of net/http and by that of
// golang.org/x/net/http2, whose types are the same under other names.
func http2Faults() []fault {
	all := []fault{
		{
			name: "the connection closes without GOAWAY, seen by net/http", want: errcode.ClosedInHeaders,
			fail:   func(t lab) error { return overHTTP2(t, bundled, func(*http2.Framer, uint32) {}) },
			prober: errcode.HTTP2Closed, why: "net/http returns the same unexpected end for HTTP/1 and HTTP/2",
		},
		{name: "a frame is above the limit, seen by x/net/http2", want: errcode.HTTP2FrameSize, fail: func(t lab) error {
			return overHTTP2(t, external, hugeFrame)
		}},
		{
			name: "a frame is above the limit, seen by net/http", want: errcode.General,
			fail:   func(t lab) error { return overHTTP2(t, bundled, hugeFrame) },
			prober: errcode.HTTP2FrameSize, why: clientText,
		},
		byHand("no connection is cached", errcode.HTTP2, http2.ErrNoCachedConn),
		byHand("a header string is no Huffman code", errcode.FromConnection(9), hpack.ErrInvalidHuffman),
		{name: "a header block is garbage", want: errcode.FromConnection(9), fail: func(lab) error {
			_, err := hpack.NewDecoder(4096, nil).DecodeFull([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
			return err
		}},
	}
	for _, client := range []string{bundled, external} {
		for n := range uint32(http2Codes) {
			all = append(all, http2FaultsOf(client, n)...)
		}
	}
	return all
}

func http2FaultsOf(client string, n uint32) []fault {
	code := http2.ErrCode(n)
	goAway := fault{
		name: fmt.Sprintf("the server sends GOAWAY %d, seen by %s", n, client), want: errcode.FromGoAway(n),
		fail: func(t lab) error {
			return overHTTP2(t, client, func(f *http2.Framer, stream uint32) { _ = f.WriteGoAway(stream, code, nil) })
		},
	}
	stream := fault{
		name: fmt.Sprintf("the server resets the stream with %d, seen by %s", n, client), want: errcode.FromStream(n),
		fail: func(t lab) error {
			return overHTTP2(t, client, func(f *http2.Framer, stream uint32) {
				_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: okHeader, EndHeaders: true})
				_ = f.WriteRSTStream(stream, code)
				waitForEnd(f)
			})
		},
	}
	connection := byHand(fmt.Sprintf("a connection error %d of x/net/http2", n), errcode.FromConnection(n), http2.ConnectionError(code))
	if client == bundled && code == http2.ErrCodeProtocol {
		connection = fault{
			name: "the server breaks the protocol, seen by net/http", want: errcode.FromConnection(n),
			fail: func(t lab) error {
				return overHTTP2(t, bundled, func(f *http2.Framer, _ uint32) {
					_ = f.WriteData(99, true, []byte("on a stream that nobody opened"))
					waitForEnd(f)
				})
			},
		}
	} else if client == bundled {
		return []fault{goAway, stream}
	}
	return []fault{goAway, stream, connection}
}

// okHeader is the encoded field ":status: 200" of the static table.
var okHeader = []byte{0x88}

func hugeFrame(f *http2.Framer, stream uint32) {
	_ = f.WriteRawFrame(http2.FrameData, 0, stream, make([]byte, 1<<24-1))
	waitForEnd(f)
}

// waitForEnd reads frames until the client is gone.
func waitForEnd(f *http2.Framer) {
	for {
		if _, err := f.ReadFrame(); err != nil {
			return
		}
	}
}

const (
	bundled  = "net/http"
	external = "x/net/http2"
)

// overHTTP2 sends a request with the client to a server that answers its header
// with misbehave and then closes.
func overHTTP2(t lab, client string, misbehave func(f *http2.Framer, stream uint32)) error {
	t.Helper()
	cert := issue(nil, certificate{})
	server := &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}}
	url := "https://" + peer(t, func(c net.Conn) { serveHTTP2(tls.Server(c, server), misbehave) })
	trusting := &tls.Config{InsecureSkipVerify: true}
	if client == bundled {
		return get(t, &http.Transport{TLSClientConfig: trusting, ForceAttemptHTTP2: true}, url)
	}
	return getWith(t.Context(), t, &http.Client{Transport: &http2.Transport{TLSClientConfig: trusting}}, url)
}

func serveHTTP2(c net.Conn, misbehave func(f *http2.Framer, stream uint32)) {
	defer c.Close()
	if _, err := c.Read(make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	f := http2.NewFramer(c, c)
	f.AllowIllegalWrites = true
	if f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if h, ok := frame.(*http2.HeadersFrame); ok {
			misbehave(f, h.StreamID)
			return
		}
	}
}

// The types of net/http's client are recognised by their shape; the server of
// this test makes it return each of them.
func TestTheShapesOfNetHTTP(t *testing.T) {
	t.Parallel()
	err := overHTTP2(lab{t}, bundled, func(f *http2.Framer, stream uint32) { _ = f.WriteGoAway(stream, 11, []byte("calm")) })
	require.ErrorContains(t, err, "GOAWAY")
	require.NotErrorAs(t, err, new(http2.GoAwayError))
	require.Equal(t, errcode.Code(1622), errcode.FromError(err))
}

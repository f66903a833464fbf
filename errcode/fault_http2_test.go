package errcode_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
)

// http2Codes is the number of HTTP/2 error codes in RFC 9113, plus one unknown code.
const http2Codes = 15

// http2Faults are failures of the HTTP/2 client of golang.org/x/net/http2. The HTTP/2
// types inside net/http are the same under other names.
func http2Faults() []fault {
	all := []fault{
		{name: "a frame is above the limit, seen by x/net/http2", want: errcode.HTTP2FrameSize, fail: func(t lab) error {
			return overHTTP2(t, hugeFrame)
		}},
		byHand("no connection is cached", errcode.HTTP2, http2.ErrNoCachedConn),
		byHand("a header string is no Huffman code", errcode.FromConnection(9), hpack.ErrInvalidHuffman),
		{name: "a header block is garbage", want: errcode.FromConnection(9), fail: func(lab) error {
			_, err := hpack.NewDecoder(4096, nil).DecodeFull([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
			return err
		}},
	}
	for n := range uint32(http2Codes) {
		code := http2.ErrCode(n)
		all = append(all,
			fault{name: fmt.Sprintf("the server sends GOAWAY %d, seen by x/net/http2", n), want: errcode.FromGoAway(n), fail: func(t lab) error {
				return overHTTP2(t, func(f *peers.H2, stream uint32) { _ = f.WriteGoAway(stream, code, nil) })
			}},
			fault{name: fmt.Sprintf("the server resets the stream with %d, seen by x/net/http2", n), want: errcode.FromStream(n), fail: func(t lab) error {
				return overHTTP2(t, func(f *peers.H2, stream uint32) {
					beginOK(f, stream)
					_ = f.WriteRSTStream(stream, code)
				})
			}},
			byHand(fmt.Sprintf("a connection error %d of x/net/http2", n), errcode.FromConnection(n), http2.ConnectionError(code)),
		)
	}
	return all
}

func hugeFrame(f *peers.H2, stream uint32) {
	_ = f.WriteRawFrame(http2.FrameData, 0, stream, make([]byte, 1<<24-1))
}

// overHTTP2 sends a request through x/net/http2 to a server with the given reaction.
func overHTTP2(t lab, react reaction) error {
	t.Helper()
	server := peers.Showing(certs.Issue(nil), "h2")
	url := "https://" + peer(t, peers.Within(server, serveFrames(settings, react)))
	return getWith(t, &http.Client{Transport: &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}, url)
}

// errcode recognises the types of net/http's client by their shape; the server of this
// test makes the client return one of them.
func TestTheShapesOfNetHTTP(t *testing.T) {
	t.Parallel()
	cfg := framed(func(f *peers.H2, stream uint32) { _ = f.WriteGoAway(stream, 11, []byte("calm")) })(lab{t})
	_, err := newStandard(lab{t}, cfg).do(t.Context(), patience)
	require.ErrorContains(t, err, "GOAWAY")
	require.NotErrorAs(t, err, new(http2.GoAwayError))
	require.Equal(t, errcode.Code(1622), errcode.FromError(err))
}

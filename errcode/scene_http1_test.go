package errcode_test

import (
	"fmt"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

const (
	ok      = "HTTP/1.1 200 OK\r\n"
	chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	noBody  = ok + "Content-Length: 0\r\n\r\n"
)

// inCoding is the stage of a peer that answers with a body in gzip.
func inCoding(body []byte) func(t lab) transport.Config {
	return answered(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", ok, len(body), body))
}

// answered is the stage of a peer that answers with text; the client has asked for gzip.
func answered(text string) func(t lab) transport.Config {
	return func(t lab) transport.Config {
		return transport.Config{URL: at("http", peer(t, peers.Saying(text))), Compression: []string{"gzip"}}
	}
}

// http1Scenes are broken responses of HTTP/1.
func http1Scenes() []scene {
	cases := []struct {
		name string
		want errcode.Code
		text string
		why  string
		std  errcode.Code
	}{
		{"the status line is garbage", errcode.HTTP1StatusLine, "garbage\r\n\r\n", clientText, errcode.General},
		{"the header is too large", errcode.HTTP1HeaderSize, ok + strings.Repeat("A: b\r\n", 1<<15), clientText, errcode.General},
		{"the header has a line without a colon", errcode.HTTP1Header, ok + "garbage\r\n\r\n", "", 0},
		{"the status is 600", errcode.HTTP1StatusRange, "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", "", 0},
		{"the status is 999", errcode.HTTP1StatusRange, "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", "", 0},
		{"the status is 099", errcode.HTTP1StatusRange, "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", "", 0},
		{"the content length is garbage", errcode.HTTP1ContentLength, ok + "Content-Length: x\r\n\r\n", clientText, errcode.General},
		{"there are two content lengths", errcode.HTTP1ContentLength, ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", clientText, errcode.General},
		{"the transfer encoding is unknown", errcode.HTTP1TransferEncoding, ok + "Transfer-Encoding: x\r\n\r\n", "", 0},
		{"the body is chunked and has a length", errcode.HTTP1TransferEncoding, ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "net/http drops the length", errcode.OK},
		{"a chunk's size is garbage", errcode.HTTP1Chunk, chunked + "zz\r\n", clientText, errcode.General},
		{"a chunk's line is too long", errcode.HTTP1Chunk, chunked + "1;" + strings.Repeat("x", 1<<13) + "\r\n", "", 0},
		{"the server switches protocols unasked", errcode.HTTP1Switch, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "net/http takes it for an answer", errcode.OK},
		{"there are endless informational responses", errcode.HTTP1Informational, strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1<<12), clientText, errcode.General},
		{"bytes follow the response", errcode.HTTP1Desync, noBody + "more", noLook, errcode.OK},
		{"the version is unknown", errcode.HTTP1Version, "HTTP/2.0 200 OK\r\n\r\n", noLook, errcode.OK},
		{"the version is no version", errcode.HTTP1StatusLine, "HTTP/9 200 OK\r\n\r\n", clientText, errcode.General},
	}
	var all []scene
	for _, c := range cases {
		all = append(all, scene{name: c.name, want: c.want, std: c.std, why: c.why, stage: plain(peers.Saying(c.text))})
	}
	return all
}

// contentScenes are broken bodies, and the statuses.
func contentScenes() []scene {
	cases := []struct {
		name string
		want errcode.Code
		text string
		why  string
		std  errcode.Code
	}{
		{"the body is no gzip", errcode.Decompression, ok + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\nabcdefghijabcdefghij", "", 0},
		{"the body ends within its gzip", errcode.Decompression, ok + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + string(peers.Encode([]byte("content"), "gzip")[:20]), "net/http returns the same unexpected end as for a cut body", errcode.Truncated},
		{"the body is above the limit", errcode.BodyLimit, ok + "\r\n" + strings.Repeat("x", 1<<21), noLimit, errcode.OK},
		{"a trailer has no colon", errcode.Trailers, chunked + "0\r\ngarbage\r\n\r\n", noPhase, errcode.HTTP1Header},
	}
	var all []scene
	for _, c := range cases {
		all = append(all, scene{name: c.name, want: c.want, std: c.std, why: c.why, stage: answered(c.text)})
	}
	all = append(all, scene{
		name: "the body inflates a thousandfold", want: errcode.InflatedLimit, std: errcode.OK, why: noLimit,
		stage: inCoding(peers.Encode(make([]byte, 1<<20), "gzip")),
	})
	for status := 400; status <= 599; status++ {
		all = append(all, scene{name: fmt.Sprintf("the server answers with status %d", status), want: errcode.FromStatus(status), stage: plain(peers.Saying(fmt.Sprintf("HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n", status)))})
	}
	return all
}

// securedBy is the stage of a TLS peer that answers with text.
func securedBy(t lab, text string) transport.Config {
	return transport.Config{
		URL: securedPeer(t, peers.Saying(text)),
		TLS: option.TLS{InsecureSkipVerify: true}, HTTPVersion: option.OnlyHTTP11,
	}
}

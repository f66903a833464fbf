package errcode_test

import (
	"fmt"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/transport"
	"example.com/prober/prober/wire"
)

const (
	ok      = "HTTP/1.1 200 OK\r\n"
	chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	noBody  = ok + "Content-Length: 0\r\n\r\n"
)

// inCoding is the stage of a peer that answers with a body in gzip.
func inCoding(body string) func(t lab) transport.Config {
	return answered(fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", ok, len(body), body))
}

// answered is the stage of a peer that answers with text; the client has asked
// for gzip.
func answered(text string) func(t lab) transport.Config {
	return from("http", peers.Saying(text), transport.Config{Compression: []string{"gzip"}})
}

// answer is a text that a peer says, and what both engines make of it.
type answer struct {
	name string
	want errcode.Code
	text string
	why  string
	std  errcode.Code
}

func (a answer) scene(stage func(text string) func(t lab) transport.Config) scene {
	return scene{name: a.name, want: a.want, std: a.std, why: a.why, stage: stage(a.text)}
}

// http1Scenes are broken responses of HTTP/1.
func http1Scenes() []scene {
	cases := []answer{
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
		all = append(all, c.scene(func(text string) func(t lab) transport.Config { return plain(peers.Saying(text)) }))
	}
	return all
}

// contentScenes are broken bodies, and the statuses.
func contentScenes() []scene {
	cases := []answer{
		{"the body is no gzip", errcode.Decompression, ok + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\nabcdefghijabcdefghij", "", 0},
		{"the body ends within its gzip", errcode.Decompression, ok + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n" + peers.Encode("content", "gzip")[:20], "net/http returns the same unexpected end as for a cut body", errcode.Truncated},
		{"the body is above the limit", errcode.BodyLimit, ok + "\r\n" + strings.Repeat("x", 1<<21), noLimit, errcode.OK},
		{"a trailer has no colon", errcode.Trailers, chunked + "0\r\ngarbage\r\n\r\n", noPhase, errcode.HTTP1Header},
	}
	var all []scene
	for _, c := range cases {
		all = append(all, c.scene(answered))
	}
	all = append(all, scene{
		name: "the body inflates a thousandfold", want: errcode.InflatedLimit, std: errcode.OK, why: noLimit,
		stage: inCoding(string(peers.Encode(make([]byte, 1<<20), "gzip"))),
	})
	for status := 400; status <= 599; status++ {
		all = append(all, scene{name: fmt.Sprintf("the server answers with status %d", status), want: errcode.FromStatus(status), stage: plain(peers.Saying(fmt.Sprintf("HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n", status)))})
	}
	return all
}

// securedBy is a stage whose peer speaks TLS and answers with text.
func securedBy(t lab, text string) transport.Config {
	return transport.Config{
		URL: securedPeer(t, peers.Saying(text)),
		TLS: wire.TLSOptions{InsecureSkipVerify: true}, HTTPVersion: transport.OnlyHTTP11,
	}
}

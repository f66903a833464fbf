package errcode_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// Reasons why net/http does not say where or how a connection ended.
const (
	partOfLine = "net/http takes the part of a line for a malformed one"
	lostReset  = "net/http loses the reset and reads on"
	notReused  = "net/http does not say that the connection was reused"
	oneEnd     = "net/http returns the same unexpected end for HTTP/1 and HTTP/2"
	onceMore   = "net/http sends the request again, unseen"
	againAlone = "net/http sends the request again until its time is over, unseen"
)

// ending is one way for a peer to end a connection.
type ending struct {
	does string
	end  peers.Script
}

// endings are the orderly end, for which the peer of a test just returns, and the end by
// RST.
var endings = [...]ending{{"closes", func(net.Conn) {}}, {"resets", peers.Reset}}

// endScenes are the ends of connections of HTTP/1 at each place of an answer.
func endScenes() []scene {
	var all []scene
	for _, c := range []struct {
		place, text string
		want, std   [len(endings)]errcode.Code
		why         [len(endings)]string
	}{
		{place: "without an answer", want: of(errcode.Closed, errcode.Reset)},
		{
			"within the status line", "HTTP/1.1 20", of(errcode.ClosedInHeaders, errcode.Reset),
			of(errcode.General, errcode.General), [...]string{clientText, clientText},
		},
		{
			"within the header", ok + "Server: x\r\n", of(errcode.ClosedInHeaders, errcode.Reset),
			of(0, errcode.ClosedInHeaders), [...]string{"", lostReset},
		},
		{
			"within a line of the header", ok + "Serv", of(errcode.ClosedInHeaders, errcode.Reset),
			of(errcode.HTTP1Header, errcode.HTTP1Header), [...]string{partOfLine, partOfLine},
		},
		{place: "within the body", text: ok + "Content-Length: 9\r\n\r\nshort", want: of(errcode.Truncated, errcode.Reset)},
		{place: "within a chunk", text: chunked + "9\r\nshort", want: of(errcode.Truncated, errcode.Reset)},
		{place: "within the line of a chunk", text: chunked + "9", want: of(errcode.Truncated, errcode.Reset)},
		{
			"within the trailers", chunked + "0\r\n", of(errcode.Truncated, errcode.Reset),
			of(errcode.General, errcode.General), [...]string{clientText, clientText},
		},
	} {
		for i, e := range endings {
			s := scene{name: "the server " + e.does + " " + c.place, want: c.want[i], std: c.std[i], why: c.why[i]}
			s.stage = ended("GET", e.end, c.text)
			all = append(all, s)
			if c.text == "" || c.why[i] != "" {
				continue // the end of a reused connection is another failure; one difference is enough
			}
			s.name, s.act, s.stage = s.name+" on a reused connection", again, ended("GET", e.end, noBody, c.text)
			all = append(all, s)
		}
	}
	return append(all, keepAliveScenes()...)
}

func of(closed, reset errcode.Code) [len(endings)]errcode.Code {
	return [...]errcode.Code{closed, reset}
}

// keepAliveScenes are the ends of reused connections.
func keepAliveScenes() []scene {
	var all []scene
	for i, e := range endings {
		fresh := of(errcode.Closed, errcode.Reset)
		all = append(all, scene{
			name: "the server " + e.does + " a reused connection", want: errcode.ClosedReused, std: errcode.OK, why: onceMore,
			act: again, stage: ended("GET", e.end, noBody, ""),
		}, scene{
			name: "the server " + e.does + " a reused connection after a POST", want: errcode.ClosedReused, std: fresh[i], why: notReused,
			act: again, stage: ended("POST", e.end, noBody, ""),
		})
	}
	return all
}

// ended is the stage of a peer that waits for a request before each of its texts, and
// then ends the connection.
func ended(method string, end peers.Script, texts ...string) func(t lab) transport.Config {
	cfg := transport.Config{Method: method}
	last := "\r\n\r\n" // the end of a request
	if method == "POST" {
		cfg.Body, last = []byte("content"), "content"
	}
	return func(t lab) transport.Config {
		here := cfg
		here.URL = at("http", peer(t, func(c net.Conn) {
			for _, text := range texts {
				hear(c, last)
				_, _ = io.WriteString(c, text)
			}
			end(c)
		}))
		return here
	}
}

// hear reads until the bytes end with last. The kernel would answer an unread rest of a
// request with a reset.
func hear(c net.Conn, last string) {
	var heard []byte
	for part := make([]byte, 1<<12); !bytes.HasSuffix(heard, []byte(last)); {
		n, err := c.Read(part)
		if err != nil {
			return
		}
		heard = append(heard, part[:n]...)
	}
}

// securedEndScenes are ends of TLS without close_notify. An attacker can cause them as
// well as the peer.
func securedEndScenes() []scene {
	over := func(script peers.Script) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{
				URL: securedPeer(t, func(c net.Conn) {
					script(c)
					c.(*tls.Conn).NetConn().Close()
				}),
				TLS: option.TLS{InsecureSkipVerify: true}, HTTPVersion: option.OnlyHTTP11,
			}
		}
	}
	cut := func(text string) func(t lab) transport.Config { return over(peers.Saying(text)) }
	within := over(func(c net.Conn) {
		peers.HangUp(c)
		_, _ = io.WriteString(c.(*tls.Conn).NetConn(), "\x17\x03\x03\x00\x40a part")
	})
	return []scene{
		{name: "TLS ends within the first record of an answer", want: errcode.Closed, std: errcode.ClosedInHeaders, why: "net/http returns the same unexpected end as within the header", stage: within},
		{name: "TLS ends without an answer and without close_notify", want: errcode.Closed, stage: cut("")},
		{name: "TLS ends within the header, without close_notify", want: errcode.ClosedInHeaders, stage: cut(ok + "Server: x\r\n")},
		{name: "TLS ends content of no length without close_notify", want: errcode.Truncated, std: errcode.OK, why: noLook, stage: cut(ok + "\r\ncontent")},
		{name: "TLS ends within the body, without close_notify", want: errcode.Truncated, stage: cut(ok + "Content-Length: 9\r\n\r\nshort")},
	}
}

// framedEndScenes are ends of connections of HTTP/2 without GOAWAY.
func framedEndScenes() []scene {
	reset := func(react reaction) func(t lab) transport.Config {
		return func(t lab) transport.Config {
			return transport.Config{HTTPVersion: option.H2C, URL: at("http", peer(t, serveFramesUntil(settings, react, peers.Reset)))}
		}
	}
	nothing := func(*peers.H2, uint32) {}
	return []scene{
		{name: "the connection closes without GOAWAY", want: errcode.HTTP2Closed, std: errcode.ClosedInHeaders, why: oneEnd, stage: framed(nothing)},
		{
			name: "the connection closes without GOAWAY, reused", want: errcode.HTTP2ClosedReused, std: errcode.ClosedInHeaders, why: oneEnd,
			act: again, stage: framed(afterOne(nothing)),
		},
		{name: "the connection closes without GOAWAY within the body", want: errcode.HTTP2Closed, std: errcode.Truncated, why: oneEnd, stage: framed(beginOK)},
		{name: "the connection of HTTP/2 is reset", want: errcode.Reset, std: errcode.ClosedInHeaders, or: errcode.Reset, why: atOnce, stage: reset(nothing)},
		{
			name: "the connection of HTTP/2 is reset, reused", want: errcode.HTTP2ClosedReused, std: errcode.ClosedInHeaders, or: errcode.Reset, why: atOnce,
			act: again, stage: reset(afterOne(nothing)),
		},
		{name: "the connection of HTTP/2 is reset within the body", want: errcode.Reset, std: errcode.Truncated, or: errcode.Reset, why: atOnce, stage: reset(beginOK)},
	}
}

// afterOne is the reaction of a server that has answered one request before.
func afterOne(react reaction) reaction {
	return func(p *peers.H2, stream uint32) {
		answerOK(p, stream)
		react(p, p.Request())
	}
}

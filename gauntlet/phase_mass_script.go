package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

// random is a script with a fault in one of twenty answers. The seed chooses the fault.
func (f *farm) random(seed uint64) script {
	const ok = "HTTP/1.1 200 OK\r\n"
	broken := func(status int) move {
		return move{text: fmt.Sprintf("HTTP/1.1 %d Fault\r\nContent-Length: 0\r\n\r\n", status), code: fmt.Sprint(1000 + status)}
	}
	moves := []move{
		broken(503), broken(429), broken(404), broken(500),
		{then: fin, code: "1221", reused: "1223"},
		{then: rst, code: "1220", reused: "1223"},
		{text: ok + "Content-Length: 9\r\n\r\nshort", then: fin, code: "1702"},
		{text: ok + "Content-Length: 9\r\n\r\nshort", then: rst, code: "1220"},
		{text: ok + "Ser", then: fin, code: "1222"},
		{text: "garbage\r\n\r\n", then: fin, code: "1801"},
		{text: ok + "garbage\r\n\r\n", then: fin, code: "1803"},
		{text: ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", then: fin, code: "1805"},
		{text: ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", then: fin, code: "1807"},
		{text: "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", then: fin, code: "1808"},
		{text: "HTTP/1.1 103 Early Hints\r\n\r\n" + okText, code: "0"},
		{text: ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", code: "0"},
		{text: ok + "Connection: close\r\n\r\nok", then: fin, code: "0"},
		{text: okText, code: "0", after: 20 * time.Millisecond},
	}
	return func(target string, n int) move {
		if i, is := lot(seed, target, n, len(moves)); is {
			return moves[i]
		}
		return okMove()
	}
}

// slowly delays each move.
func slowly(s script) script {
	return func(target string, n int) move {
		m := s(target, n)
		m.after += 15 * time.Millisecond
		return m
	}
}

// landing redirects each request of a target once. The second part of the request has the same id, and its answer
// decides on the code.
func landing(name string, s script) script {
	text := fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: /%s%s/\r\nContent-Length: 0\r\n\r\n", name, landed)
	return func(target string, n int) move {
		if target == name {
			return move{text: text}
		}
		return s(name, n)
	}
}

// lot draws for the n-th request of a target whether it gets a fault, one in twenty, and which.
func lot(seed uint64, target string, n, of int) (int, bool) {
	for _, b := range []byte(target) {
		seed = seed*1099511628211 ^ uint64(b)
	}
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	return r.IntN(of), r.IntN(20) == 0
}

// The codes of a stream that a server of HTTP/2 or HTTP/3 resets with INTERNAL_ERROR.
const (
	codeReset   = "1633"
	codeResetH3 = "1933"
)

// randomly is a script for HTTP/2 and HTTP/3: statuses and stream resets.
func randomly(seed uint64, reset string) webScript {
	statuses := []int{503, 429, 404, 500, 0}
	return func(target string, n int) (code string, say func(http.ResponseWriter)) {
		i, is := lot(seed, target, n, len(statuses))
		switch {
		case !is:
			return "0", sayWell
		case statuses[i] == 0:
			return reset, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
		default:
			return fmt.Sprint(1000 + statuses[i]), func(w http.ResponseWriter) { w.WriteHeader(statuses[i]) }
		}
	}
}

func sayWell(w http.ResponseWriter) { _, _ = w.Write([]byte("ok")) } // the client may be gone

// randomStreams is the same for servers that can be killed.
func (f *farm) randomStreams(seed uint64) streamScript {
	status := func(status string) reaction {
		return func(p *peers.H2, stream uint32) { p.Headers(stream, true, ":status", status) }
	}
	moves := []struct {
		code  string
		react reaction
	}{
		{"1503", status("503")}, {"1429", status("429")}, {"1404", status("404")}, {"1500", status("500")},
		{codeReset, func(p *peers.H2, stream uint32) { _ = p.WriteRSTStream(stream, http2.ErrCodeInternal) }},
		{"1638", func(p *peers.H2, stream uint32) { _ = p.WriteRSTStream(stream, http2.ErrCodeRefusedStream) }},
	}
	ok := status("200")
	return func(target string, n int) (string, reaction) {
		if i, is := lot(seed, target, n, len(moves)); is {
			return moves[i].code, moves[i].react
		}
		return "0", ok
	}
}

package main

import (
	"fmt"
	"strings"

	"example.com/prober/internal/peers"
)

const compressed = "request: {compression: [gzip]}"

// contentFaults are broken bodies and unexpected answers.
func (f *farm) contentFaults() []fault {
	const (
		ok      = "HTTP/1.1 200 OK\r\n"
		chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	)
	// The hops of a circle have one id, because they are one request: they are not entered in the ledger.
	circle := peers.Answering("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
	content := peers.Encode([]byte("content"), "gzip")
	zipped := func(body []byte) string {
		return fmt.Sprintf("%sContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", ok, len(body), body)
	}
	expecting := func(what string) []string { return []string{"expect: {" + what + "}"} }
	type row struct {
		name, code, text string
		keys             []string
	}
	broken := []row{
		{"body-truncated", "1702", ok + "Content-Length: 9\r\n\r\nshort", nil},
		{"body-truncated-chunk", "1702", chunked + "9\r\nshort", nil},
		{"body-truncated-trailers", "1702", chunked + "0\r\n", nil},
		{"body-bad-trailer", "1706", chunked + "0\r\ngarbage\r\n\r\n", nil},
		{"body-long", "1703", ok + "\r\n" + strings.Repeat("x", 1<<21), nil},
		{"body-long-declared", "1703", ok + "Content-Length: 1000000000000\r\n\r\nx", nil},
	}
	whole := []row{ // and framed well, so the connection stays
		{"body-no-gzip", "1701", zipped([]byte("abcdefghijabcdefghij")), []string{compressed}},
		{"body-half-gzip", "1701", zipped(content[:20]), []string{compressed}},
		{"body-bomb", "1704", zipped(peers.Encode(make([]byte, 1<<20), "gzip")), []string{compressed}},
		{"expect-status", "1710", "HTTP/1.1 204 No Content\r\n\r\n", expecting("status: [200]")},
		{"expect-header", "1711", okText, expecting("headers: {Content-Type: ^application/json}")},
		{"expect-body", "1712", okText, expecting("body: {contains: canary}")},
		{"expect-json", "1712", okText, expecting("body: {json: {status: up}}")},
		{"expect-version", "1713", okText, expecting("http_version: 2")},
		{"redirect-no-location", "1021", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", []string{"request: {follow_redirects: 3}"}},
		{"redirect-bad-location", "1021", "HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", []string{"request: {follow_redirects: 3}"}},
		{"redirect-credentials", "1023", "HTTP/1.1 302 Found\r\nLocation: http://user:password@127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", []string{"request: {follow_redirects: 3}"}},
	}
	var all []fault
	for _, row := range broken {
		all = append(all, fault{name: row.name, codes: row.code, serve: f.say(row.text), keys: row.keys})
	}
	for _, row := range whole {
		all = append(all, fault{name: row.name, codes: row.code, serve: f.serveHTTP1(func(string, int) move { return move{text: row.text} }), keys: row.keys})
	}
	return append(all,
		fault{name: "body-reset", codes: "1220", serve: f.serveHTTP1(func(string, int) move {
			return move{text: ok + "Content-Length: 9\r\n\r\nshort", then: rst}
		})},
		fault{name: "body-stall", codes: "1050", waits: true, serve: f.serveHTTP1(func(string, int) move {
			return move{text: ok + "Content-Length: 9\r\n\r\nshort", then: hold}
		})},
		fault{name: "body-endless", codes: "1703", serve: peers.Endless(ok+"\r\n", "more of it")},
		fault{name: "redirect-circle", codes: "1022", serve: circle, keys: []string{"request: {follow_redirects: 3}"}},
		fault{name: "expect-latency", codes: "1715", keys: expecting("max_latency: 1ms"), serve: f.serveHTTP1(func(string, int) move {
			return move{text: okText, after: 20e6}
		})},
	)
}

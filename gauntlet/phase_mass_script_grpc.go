package main

import (
	"fmt"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

// randomCalls is a script for gRPC: statuses, invalid answers, and stream resets.
func randomCalls(seed uint64) streamScript {
	type callMove struct {
		code  string
		react reaction
	}
	only := func(pairs ...string) reaction { // the header alone
		return func(p *peers.H2, stream uint32) { p.Headers(stream, true, pairs...) }
	}
	moves := []callMove{
		{"2030", answering(serving)},
		{"2031", answering(serving+serving, "grpc-status", "0")},
		{"2033", answering(framed(1, canaryPeer), "grpc-status", "0")},
		{"2034", only(":status", "200", "content-type", "text/html")},
		{"1503", only(":status", "503", "content-type", "text/html")},
		{"2040", answering(framed(0, "\x08\x02"), "grpc-status", "0")},
		{"2041", answering(framed(0, "\x08\x03"), "grpc-status", "0")},
		{codeReset, func(p *peers.H2, stream uint32) { _ = p.WriteRSTStream(stream, http2.ErrCodeInternal) }},
	}
	for _, status := range []int{4, 8, 14} {
		moves = append(moves, callMove{fmt.Sprint(2000 + status), only(
			":status", "200", "content-type", "application/grpc", "grpc-status", fmt.Sprint(status), "grpc-message", canaryPeer)})
	}
	return func(target string, n int) (string, reaction) {
		if i, is := lot(seed, target, n, len(moves)); is {
			return moves[i].code, moves[i].react
		}
		return callWell(target, n)
	}
}

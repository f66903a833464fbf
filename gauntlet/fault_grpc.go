package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

// serveCalls reacts to each call of a connection. Calls have no path and no id of the gauntlet, so they are not in the
// ledger.
func serveCalls(react reaction) peers.Script {
	return func(c net.Conn) {
		p := greet(c)
		for p != nil {
			call := p.Heading()
			if call == nil {
				return
			}
			react(p, call.StreamID)
		}
	}
}

// framed returns a message as gRPC frames it.
func framed(flag byte, text string) string {
	return string(binary.BigEndian.AppendUint32([]byte{flag}, uint32(len(text)))) + text
}

// answering begins an answer of gRPC, sends content, and ends with the trailers if there are any.
func answering(content string, trailers ...string) reaction {
	return func(p *peers.H2, stream uint32) {
		p.Headers(stream, false, ":status", "200", "content-type", "application/grpc", "x-canary", canaryPeer)
		p.Data(stream, len(trailers) == 0, content)
		if len(trailers) > 0 {
			p.Headers(stream, true, trailers...)
		}
	}
}

// grpcFaults are servers of gRPC in clear text that fail, and servers that do not speak gRPC.
func (f *farm) grpcFaults() []fault {
	const status, text = "grpc-status", "grpc-message"
	page := func(code string) reaction {
		return func(p *peers.H2, stream uint32) {
			p.Headers(stream, false, ":status", code, "content-type", "text/html; "+canaryPeer)
			p.Data(stream, true, canaryPeer)
		}
	}
	var all []fault
	for n := 1; n <= 17; n++ {
		code := fmt.Sprint(2000 + n%17)
		all = append(all, fault{name: fmt.Sprintf("grpc-status-%d", n), codes: code, serve: serveCalls(answering("", status, fmt.Sprint(n), text, canaryPeer))})
	}
	for _, row := range []struct {
		name, code string
		react      reaction
	}{
		{"grpc-status-garbage", "2000", answering("", status, canaryPeer)},
		{"grpc-two-statuses", "2000", answering("", status, "0", status, "5")},
		{"grpc-no-status", "2030", answering("", text, canaryPeer)},
		{"grpc-no-trailers", "2030", answering(framed(0, "\x08\x01"))},
		{"grpc-flag", "2031", answering(framed(7, canaryPeer), status, "0")},
		{"grpc-torn", "2031", answering(framed(0, canaryPeer)[:9], status, "0")},
		{"grpc-no-message", "2031", answering("", status, "0")},
		{"grpc-two-messages", "2031", answering(framed(0, "\x08\x01")+framed(0, "\x08\x01"), status, "0")},
		{"grpc-huge-message", "2032", answering("\x00\xff\xff\xff\xff", status, "0")},
		{"grpc-compressed-unasked", "2033", answering(framed(1, canaryPeer), status, "0")},
		{"grpc-page", "2034", page("200")},
		{"grpc-page-503", "1503", page("503")},
		{"grpc-not-serving", "2040", answering(framed(0, "\x08\x02"), status, "0")},
		{"grpc-service-unknown", "2041", answering(framed(0, "\x08\x03"), status, "0")},
		{"grpc-garbage", "1712", answering(framed(0, "\xff"+canaryPeer), status, "0")},
		{"grpc-reset", "1633", func(p *peers.H2, stream uint32) { _ = p.WriteRSTStream(stream, http2.ErrCodeInternal) }},
		{"grpc-endless-page", "2034", func(p *peers.H2, stream uint32) {
			p.Headers(stream, false, ":status", "200", "content-type", "text/html")
			for range 100 { // a megabyte and a half is more than any client reads
				p.Data(stream, false, strings.Repeat("x", 1<<14))
			}
		}},
		{"grpc-stall", "1050", func(*peers.H2, uint32) {}},
	} {
		all = append(all, fault{name: row.name, codes: row.code, serve: serveCalls(row.react), waits: row.name == "grpc-stall"})
	}
	all = append(all, fault{name: "grpc-not-spoken", codes: "1601", serve: blurt("HTTP/1.1 400 Bad Request\r\n\r\n")})
	for i := range all {
		all[i].scheme = "grpc"
	}
	return all
}

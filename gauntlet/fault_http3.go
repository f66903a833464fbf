package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/quic-go/quic-go"

	"example.com/prober/internal/peers"
)

// overHTTP3 trusts any certificate. The certificates in the table of faults are good, but each has another authority.
const overHTTP3 = "connection: {http_version: 3, tls: {insecure_skip_verify: true}}"

// http3Faults are servers of QUIC and HTTP/3 that fail or break its rules.
func (f *farm) http3Faults() []fault {
	const ok = "\x01\x03\x00\x00\xd9" // HEADERS with status 200
	all := []fault{
		f.packetFault("h3-silent", "1901", func([]byte) []byte { return nil }),
		f.packetFault("h3-version", "1902", peers.NegotiateVersion(0x1a2a3a4a)),
		f.streamFault("h3-qpack", "1906", func(_ *peers.H3, s *quic.Stream) { _, _ = io.WriteString(s, peers.Frame(0x1, "\x00\x00\x80")) }),
		f.streamFault("h3-data-first", "1916", func(_ *peers.H3, s *quic.Stream) { _, _ = io.WriteString(s, peers.Content("x")) }),
		f.streamFault("h3-header-list", "1938", func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, peers.Heading(":status", "200", "a", strings.Repeat("b", 1<<17)))
		}),
		f.streamFault("h3-no-status", "1945", func(_ *peers.H3, s *quic.Stream) { _, _ = io.WriteString(s, peers.Heading("name", "value")) }),
		f.streamFault("h3-status-600", "1804", func(_ *peers.H3, s *quic.Stream) { _, _ = io.WriteString(s, peers.Heading(":status", "600")) }),
		f.streamFault("h3-body-overrun", "1705", func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, peers.Heading(":status", "200", "content-length", "2")+peers.Content("longer"))
		}),
		f.streamFault("h3-body-truncated", "1702", func(_ *peers.H3, s *quic.Stream) {
			_, _ = io.WriteString(s, peers.Heading(":status", "200", "content-length", "9")+peers.Content("short"))
			_ = s.Close()
		}),
		f.streamFault("h3-endless-body", "1703", func(_ *peers.H3, s *quic.Stream) {
			_, err := io.WriteString(s, ok)
			for err == nil {
				_, err = io.WriteString(s, peers.Content(strings.Repeat("b", 1<<14)))
			}
		}),
		f.streamFault("h3-stall", "1050", func(*peers.H3, *quic.Stream) {}),
	}
	for n := range 17 { // the error codes of RFC 9114 and of RFC 9000
		all = append(all,
			f.streamFault(fmt.Sprintf("h3-close-%d", n), fmt.Sprint(1911+n), func(p *peers.H3, _ *quic.Stream) {
				_ = p.CloseWithError(quic.ApplicationErrorCode(0x100+n), canaryPeer)
			}),
			f.streamFault(fmt.Sprintf("h3-stream-%d", n), fmt.Sprint(1931+n), func(_ *peers.H3, s *quic.Stream) {
				s.CancelWrite(quic.StreamErrorCode(0x100 + n))
			}),
			f.packetFault(fmt.Sprintf("quic-%d", n), fmt.Sprint(1951+n), peers.CloseInitially(uint64(n), canaryPeer)),
		)
	}
	for i := range all {
		all[i].waits = all[i].codes == "1050" || all[i].codes == "1901"
	}
	all[0].keys = []string{"connection: {http_version: 3, connect_timeout: 2s}"} // before the time of the request ends
	return all
}

// streamFault is a server that reacts to each request with react.
func (f *farm) streamFault(name, code string, react func(p *peers.H3, s *quic.Stream)) fault {
	server := peers.ListenQUIC(f, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		for s := p.Request(); s != nil; s = p.Request() {
			react(p, s)
		}
	})
	return fault{name: name, codes: code, url: server.URL().String() + name + "/", keys: []string{overHTTP3}}
}

// packetFault is a peer that answers each datagram with answer.
func (f *farm) packetFault(name, code string, answer func(datagram []byte) []byte) fault {
	return fault{name: name, codes: code, url: "https://" + peers.Packets(f, answer) + "/" + name + "/", keys: []string{overHTTP3}}
}

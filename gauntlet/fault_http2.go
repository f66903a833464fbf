package main

import (
	"fmt"
	"net"
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/internal/peers"
)

const overH2C = "connection: {http_version: h2c}"

// rudeness is an answer over HTTP/2 that breaks a rule.
type rudeness struct {
	name, code string
	react      reaction
}

// rudenesses are violations on a connection that the server keeps.
func rudenesses() []rudeness {
	return []rudeness{
		{"h2-frame-size", "1603", func(p *peers.H2, stream uint32) {
			_ = p.WriteRawFrame(http2.FrameData, 0, stream, make([]byte, 1<<24-1))
		}},
		{"h2-header-list", "1605", func(p *peers.H2, stream uint32) {
			p.Headers(stream, false, strings.Split(strings.Repeat("name value ", 1<<11)+":status 200", " ")...)
		}},
		{"h2-status-600", "1804", func(p *peers.H2, stream uint32) { p.Headers(stream, true, ":status", "600") }},
		{"h2-data-from-nowhere", "1652", func(p *peers.H2, _ uint32) { p.Data(99, true, "data") }},
		{"h2-window-overflow", "1654", func(p *peers.H2, _ uint32) { _ = p.WriteWindowUpdate(0, 1<<31-1) }},
		{"h2-stream-window-overflow", "1634", func(p *peers.H2, stream uint32) { _ = p.WriteWindowUpdate(stream, 1<<31-1) }},
		{"h2-settings-length", "1657", func(p *peers.H2, _ uint32) { _ = p.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5)) }},
		{"h2-header-garbage", "1660", func(p *peers.H2, stream uint32) { p.HeaderBlock(stream, false, "\xff\xff\xff\xff\x0f") }},
		{"h2-no-status", "1632", func(p *peers.H2, stream uint32) { p.Headers(stream, false, "name", "value") }},
		{"h2-body-overrun", "1705", func(p *peers.H2, stream uint32) {
			p.Headers(stream, false, ":status", "200", "content-length", "2")
			p.Data(stream, true, "longer")
		}},
		{"h2-body-truncated", "1702", func(p *peers.H2, stream uint32) {
			p.Headers(stream, false, ":status", "200", "content-length", "9")
			p.Data(stream, true, "short")
		}},
		{"h2-trailers", "1706", func(p *peers.H2, stream uint32) {
			beginOK(p, stream)
			respondOK(p, stream)
		}},
		{"h2-ping-flood", "1607", func(p *peers.H2, _ uint32) {
			flood(func() error { return p.WritePing(false, [8]byte{}) })
		}},
		{"h2-settings-flood", "1607", func(p *peers.H2, _ uint32) { flood(func() error { return p.WriteSettings() }) }},
		{"h2-continuation-flood", "1607", func(p *peers.H2, stream uint32) {
			_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: []byte{0x88}})
			flood(func() error { return p.WriteContinuation(stream, false, nil) })
		}},
		{"h2-empty-data-flood", "1607", func(p *peers.H2, stream uint32) {
			beginOK(p, stream)
			flood(func() error { return p.WriteData(stream, false, nil) })
		}},
		{"h2-stall", "1050", func(*peers.H2, uint32) {}},
	}
}

// http2Faults are servers of HTTP/2 in clear text that break its rules.
func (f *farm) http2Faults() []fault {
	var all []fault
	for _, row := range rudenesses() {
		all = append(all, fault{name: row.name, codes: row.code, waits: row.name == "h2-stall", serve: f.serveFrames(row.react), keys: []string{overH2C}})
	}
	for n := range 15 { // the error codes of RFC 9113 section 7, and an unknown one
		goaway, stream := fmt.Sprint(1611+n), fmt.Sprint(1631+n)
		if n == 14 {
			goaway, stream = "1610", "1630"
		}
		all = append(all,
			fault{name: fmt.Sprintf("h2-goaway-%d", n), codes: goaway, keys: []string{overH2C}, serve: f.serveLast(func(p *peers.H2, stream uint32) {
				_ = p.WriteGoAway(stream, http2.ErrCode(n), []byte(canaryPeer))
			})},
			fault{name: fmt.Sprintf("h2-stream-%d", n), codes: stream, keys: []string{overH2C}, serve: f.serveFrames(func(p *peers.H2, stream uint32) {
				beginOK(p, stream)
				_ = p.WriteRSTStream(stream, http2.ErrCode(n))
			})},
		)
	}
	return append(all,
		fault{name: "h2-closed", codes: "1604", serve: f.serveLast(func(*peers.H2, uint32) {}), keys: []string{overH2C}},
		fault{name: "h2-not-spoken", codes: "1601", serve: blurt("HTTP/1.1 400 Bad Request\r\n\r\n"), keys: []string{overH2C}},
		fault{name: "h2-no-settings", codes: "1602", waits: true, serve: peers.Silence, keys: []string{"connection: {http_version: h2c, connect_timeout: 2s}"}},
		fault{name: "h2-no-stream", codes: "1606", waits: true, keys: []string{overH2C}, serve: func(c net.Conn) {
			greet(c, http2.Setting{ID: http2.SettingMaxConcurrentStreams})
			peers.Silence(c)
		}},
	)
}

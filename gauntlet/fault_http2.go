package main

import (
	"fmt"
	"net"
	"strings"

	"golang.org/x/net/http2"
)

const overH2C = "connection: {http_version: h2c}"

// rudeness is an answer over HTTP/2 that breaks a rule.
type rudeness struct {
	name, code string
	react      reaction
}

// rudenesses are those of a connection that the server keeps.
func rudenesses() []rudeness {
	return []rudeness{
		{"h2-frame-size", "1603", func(f *http2.Framer, stream uint32) {
			_ = f.WriteRawFrame(http2.FrameData, 0, stream, make([]byte, 1<<24-1))
		}},
		{"h2-header-list", "1605", func(f *http2.Framer, stream uint32) {
			respond(f, stream, fields(strings.Split(strings.Repeat("name value ", 1<<11)+":status 200", " ")...))
		}},
		{"h2-status-600", "1804", func(f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: fields(":status", "600"), EndHeaders: true, EndStream: true})
		}},
		{"h2-data-from-nowhere", "1652", func(f *http2.Framer, _ uint32) { _ = f.WriteData(99, true, []byte("data")) }},
		{"h2-window-overflow", "1654", func(f *http2.Framer, _ uint32) { _ = f.WriteWindowUpdate(0, 1<<31-1) }},
		{"h2-stream-window-overflow", "1634", func(f *http2.Framer, stream uint32) { _ = f.WriteWindowUpdate(stream, 1<<31-1) }},
		{"h2-settings-length", "1657", func(f *http2.Framer, _ uint32) { _ = f.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5)) }},
		{"h2-header-garbage", "1660", func(f *http2.Framer, stream uint32) { respond(f, stream, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}) }},
		{"h2-no-status", "1632", func(f *http2.Framer, stream uint32) { respond(f, stream, fields("name", "value")) }},
		{"h2-body-overrun", "1705", func(f *http2.Framer, stream uint32) {
			respond(f, stream, fields(":status", "200", "content-length", "2"))
			_ = f.WriteData(stream, true, []byte("longer"))
		}},
		{"h2-body-truncated", "1702", func(f *http2.Framer, stream uint32) {
			respond(f, stream, fields(":status", "200", "content-length", "9"))
			_ = f.WriteData(stream, true, []byte("short"))
		}},
		{"h2-trailers", "1706", func(f *http2.Framer, stream uint32) {
			respond(f, stream, okHeader())
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: okHeader(), EndHeaders: true, EndStream: true})
		}},
		{"h2-ping-flood", "1607", func(f *http2.Framer, _ uint32) {
			flood(func() error { return f.WritePing(false, [8]byte{}) })
		}},
		{"h2-settings-flood", "1607", func(f *http2.Framer, _ uint32) { flood(func() error { return f.WriteSettings() }) }},
		{"h2-continuation-flood", "1607", func(f *http2.Framer, stream uint32) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: okHeader()})
			flood(func() error { return f.WriteContinuation(stream, false, nil) })
		}},
		{"h2-empty-data-flood", "1607", func(f *http2.Framer, stream uint32) {
			respond(f, stream, okHeader())
			flood(func() error { return f.WriteData(stream, false, nil) })
		}},
		{"h2-stall", "1050", func(*http2.Framer, uint32) {}},
	}
}

// http2Faults are servers of HTTP/2, in clear text, that break its rules.
func (f *farm) http2Faults() []fault {
	var all []fault
	for _, row := range rudenesses() {
		all = append(all, fault{name: row.name, codes: row.code, waits: row.name == "h2-stall", serve: f.serveFrames(row.react), keys: []string{overH2C}})
	}
	for n := range 15 { // the error codes of RFC 9113 section 7, and one that is none
		goaway, stream := fmt.Sprint(1611+n), fmt.Sprint(1631+n)
		if n == 14 {
			goaway, stream = "1610", "1630"
		}
		all = append(all,
			fault{name: fmt.Sprintf("h2-goaway-%d", n), codes: goaway, keys: []string{overH2C}, serve: f.serveLast(func(f *http2.Framer, stream uint32) {
				_ = f.WriteGoAway(stream, http2.ErrCode(n), []byte(canaryPeer))
			})},
			fault{name: fmt.Sprintf("h2-stream-%d", n), codes: stream, keys: []string{overH2C}, serve: f.serveFrames(func(f *http2.Framer, stream uint32) {
				respond(f, stream, okHeader())
				_ = f.WriteRSTStream(stream, http2.ErrCode(n))
			})},
		)
	}
	return append(all,
		fault{name: "h2-closed", codes: "1604", serve: f.serveLast(func(*http2.Framer, uint32) {}), keys: []string{overH2C}},
		fault{name: "h2-not-spoken", codes: "1601", serve: blurt("HTTP/1.1 400 Bad Request\r\n\r\n"), keys: []string{overH2C}},
		fault{name: "h2-no-settings", codes: "1602", waits: true, serve: silence, keys: []string{"connection: {http_version: h2c, connect_timeout: 2s}"}},
		fault{name: "h2-no-stream", codes: "1606", waits: true, keys: []string{overH2C}, serve: func(c net.Conn) {
			if framer := greet(c, http2.Setting{ID: http2.SettingMaxConcurrentStreams}); framer != nil {
				waitForEnd(framer, 0)
			}
		}},
	)
}

package transport

import (
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

func contentCases() []h2case {
	const misplaced, malformed = "GOAWAY PROTOCOL_ERROR", "RST_STREAM 1 PROTOCOL_ERROR"
	declared := func(length string, content ...string) func(*peers.H2, uint32) {
		return func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200", "content-length", length)
			for i, part := range content {
				p.Data(id, i == len(content)-1, part)
			}
		}
	}
	return []h2case{
		{does: "sends as much as it declared", play: declared("5", "he", "", "llo")},
		{does: "ends with an empty frame", play: declared("5", "hello", "")},
		{does: "pads its content", play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200", "content-length", "5")
			_ = p.WriteDataPadded(id, false, []byte("he"), make([]byte, 255))
			_ = p.WriteDataPadded(id, false, []byte("llo"), []byte{})
			_ = p.WriteDataPadded(id, true, nil, make([]byte, 10))
		}},
		{does: "sends less than it declared", code: errcode.Truncated, play: declared("6", "hello")},
		{does: "declares content and sends none", code: errcode.Truncated, play: withHeader(":status", "200", "content-length", "6")},
		{does: "sends more than it declared", code: errcode.BodyOverrun, sentValues: malformed, play: declared("4", "he", "llo", "")},
		{does: "sends content after a declared length of 0", code: errcode.BodyOverrun, sentValues: malformed, play: declared("0", "x")},
		{
			does: "sends content in answer to HEAD", code: errcode.BodyOverrun, sentValues: malformed,
			cfg: func(cfg *Config) { cfg.Method = "HEAD" }, play: declared("5", "hello"),
		}, {
			does: "sends content with 204", code: errcode.BodyOverrun, sentValues: malformed,
			play: func(p *peers.H2, id uint32) { p.Headers(id, false, ":status", "204"); p.Data(id, true, "hello") },
		}, {
			does: "sends content with 304", code: errcode.BodyOverrun, sentValues: malformed,
			play: func(p *peers.H2, id uint32) { p.Headers(id, false, ":status", "304"); p.Data(id, true, "hello") },
		}, {
			does: "declares more than is accepted", code: errcode.BodyLimit, sentValues: "RST_STREAM 1 CANCEL",
			cfg: func(cfg *Config) { cfg.MaxBodyBytes = 100 }, play: declared("101"),
		}, {
			does: "sends more than is accepted", code: errcode.BodyLimit, sentValues: "RST_STREAM 1 CANCEL",
			cfg: func(cfg *Config) { cfg.MaxBodyBytes = 100 },
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				p.Data(id, false, strings.Repeat("x", 100))
				p.Data(id, false, "x")
				p.Data(id, true, "more that is on its way")
			},
		}, {
			does: "sends as much as is accepted",
			cfg:  func(cfg *Config) { cfg.MaxBodyBytes = 100 }, play: declared("100", strings.Repeat("x", 100)),
		},
		spoils("sends content before a header", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Data(id, true, "hello") }),
		spoils("sends content after an informational answer", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Headers(id, false, ":status", "103"); p.Data(id, true, "hello") }),
		breaks("sends content on stream 0", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { p.Data(0, true, "hello") }),
		breaks("sends content on an idle stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Data(id+2, true, "hello") }),
		{
			does: "sends content on a closed stream", warm: true,
			code: connectionOf(http2.ErrCodeStreamClosed), closed: true, sentValues: "GOAWAY STREAM_CLOSED",
			play: func(p *peers.H2, id uint32) { p.Data(id-2, true, "hello") },
		},
		breaks("pads content beyond its end", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200")
			p.Raw(http2.FrameData, http2.FlagDataPadded, id, "\x05hell")
		}),
		breaks("pads content without saying how much", http2.ErrCodeFrameSize, func(p *peers.H2, id uint32) { p.Raw(http2.FrameData, http2.FlagDataPadded, id, "") }),
	}
}

func resetCases() []h2case {
	cases := []h2case{
		{
			does: "resets a stream with a code that nobody knows", code: errcode.Stream,
			play: func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id, 99) },
		}, {
			does: "resets a stream after its header", code: streamOf(http2.ErrCodeInternal),
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				_ = p.WriteRSTStream(id, http2.ErrCodeInternal)
			},
		}, {
			does: "resets a stream without an error before the content is complete", code: streamOf(http2.ErrCodeNo),
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				p.Data(id, false, "hello")
				_ = p.WriteRSTStream(id, http2.ErrCodeNo)
			},
		}, {
			does:       "answers without reading the content and resets the stream without an error",
			sentValues: "RST_STREAM 1 CANCEL",
			cfg:        func(cfg *Config) { cfg.Method, cfg.BodySize = "POST", 100<<10 },
			play: func(p *peers.H2, id uint32) {
				p.Answer(id)
				_ = p.WriteRSTStream(id, http2.ErrCodeNo)
				_ = p.WriteWindowUpdate(0, 1<<20)
				_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, 1<<20)...)
			},
		}, {
			does: "resets a stream that has ended", warm: true,
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteRSTStream(id-2, http2.ErrCodeNo)
				p.Answer(id)
			},
		},
		breaks("resets stream 0", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { _ = p.WriteRSTStream(0, http2.ErrCodeNo) }),
		breaks("resets an idle stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id+2, http2.ErrCodeNo) }),
		breaks("resets a stream with a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2, id uint32) { p.Raw(http2.FrameRSTStream, 0, id, "123") }),
		{
			does: "sends content after it has reset the stream",
			warm: true, code: connectionOf(http2.ErrCodeStreamClosed), closed: true, sentValues: "GOAWAY STREAM_CLOSED",
			play: func(p *peers.H2, id uint32) { p.Data(id-2, false, "x") },
		},
	}
	for code := http2.ErrCodeNo; code <= http2.ErrCodeHTTP11Required; code++ {
		cases = append(cases, h2case{
			does: "resets a stream with " + code.String(), code: streamOf(code),
			play: func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id, code) },
		})
	}
	return cases
}

func goAwayCases() []h2case {
	goAway := func(last uint32, code http2.ErrCode) func(*peers.H2, uint32) {
		return func(p *peers.H2, id uint32) {
			_ = p.WriteGoAway(id+last-1, code, []byte("debug data"))
			if last > 0 {
				p.Answer(id)
			}
		}
	}
	cases := []h2case{
		{does: "goes away and still answers", closed: true, play: goAway(1, http2.ErrCodeNo)},
		{does: "goes away with an error and still answers", closed: true, play: goAway(1, http2.ErrCodeInternal)},
		{does: "says that it will go away and still answers", closed: true, play: goAway(labStreamID-1, http2.ErrCodeNo)},
		{does: "goes away with a code that nobody knows", code: errcode.GoAway, closed: true, play: goAway(0, 99)},
		{
			does: "goes away twice, the second time without an answer", code: goAwayOf(http2.ErrCodeInternal), closed: true,
			play: func(p *peers.H2, _ uint32) {
				_ = p.WriteGoAway(labStreamID, http2.ErrCodeNo, nil)
				_ = p.WriteGoAway(0, http2.ErrCodeInternal, nil)
			},
		}, {
			does: "goes away and closes instead of answering", code: goAwayOf(http2.ErrCodeNo), closed: true,
			play: func(p *peers.H2, id uint32) { _ = p.WriteGoAway(id, http2.ErrCodeNo, nil); peers.EndWriting(p.Conn) },
		}, {
			does: "goes away and closes within the content", code: goAwayOf(http2.ErrCodeEnhanceYourCalm), closed: true,
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				_ = p.WriteGoAway(id, http2.ErrCodeEnhanceYourCalm, nil)
				peers.EndWriting(p.Conn)
			},
		},
		breaks("goes away on a stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Raw(http2.FrameGoAway, 0, id, "\x00\x00\x00\x00\x00\x00\x00\x00") }),
		breaks("goes away with a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2, _ uint32) { p.Raw(http2.FrameGoAway, 0, 0, "\x00\x00\x00\x00\x00\x00\x00") }),
	}
	cases = append(cases, h2case{
		does: "goes away without an answer and without an error", resent: true, closed: true, play: goAway(0, http2.ErrCodeNo),
	}, h2case{
		does: "says that it will go away and then without an answer", resent: true, closed: true,
		play: func(p *peers.H2, _ uint32) {
			_ = p.WriteGoAway(labStreamID, http2.ErrCodeNo, nil)
			_ = p.WriteGoAway(0, http2.ErrCodeNo, nil)
		},
	}, h2case{
		does: "goes away without an error after an informational response", code: goAwayOf(http2.ErrCodeNo), closed: true,
		play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "103")
			_ = p.WriteGoAway(0, http2.ErrCodeNo, nil)
		},
	})
	for code := http2.ErrCodeProtocol; code <= http2.ErrCodeHTTP11Required; code++ {
		cases = append(cases, h2case{
			does: "goes away without an answer and with " + code.String(), code: goAwayOf(code), closed: true,
			play: goAway(0, code),
		})
	}
	return cases
}

func endCases() []h2case {
	return []h2case{
		{
			does: "closes before the answer", code: errcode.HTTP2Closed, closed: true,
			play: func(p *peers.H2, _ uint32) { peers.EndWriting(p.Conn) },
		}, {
			does: "closes within the header of a frame", code: errcode.HTTP2Closed, closed: true,
			play: func(p *peers.H2, _ uint32) { _, _ = p.Conn.Write([]byte("\x00\x00")); peers.EndWriting(p.Conn) },
		}, {
			does: "closes within the content", code: errcode.HTTP2Closed, closed: true,
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				_, _ = p.Conn.Write([]byte("\x00\x00\x05\x00\x01\x00\x00\x00\x01he"))
				peers.EndWriting(p.Conn)
			},
		}, {
			does: "resets the connection", code: errcode.Reset, closed: true,
			play: func(p *peers.H2, _ uint32) { peers.Reset(p.Conn) },
		}, {
			does: "does not answer in time, and does later", code: errcode.RequestTimeout, timeout: amply, sentValues: "RST_STREAM 1 CANCEL",
			play: func(p *peers.H2, id uint32) {
				_ = p.Until(http2.FrameRSTStream)
				p.Headers(id, false, ":status", "200", "x-late", "very")
				p.Data(id, false, strings.Repeat("x", labMaxFrame))
				_ = p.WriteWindowUpdate(id, 1)
				p.Headers(id, true, "etag", "x")
				_ = p.WriteRSTStream(id, http2.ErrCodeNo)
			},
		}, {
			does: "does not end its answer in time", code: errcode.RequestTimeout, timeout: amply, sentValues: "RST_STREAM 1 CANCEL",
			play: func(p *peers.H2, id uint32) { p.Headers(id, false, ":status", "200"); p.Data(id, false, "hel") },
		}, {
			does: "does not take the content in time", code: errcode.RequestTimeout, timeout: amply, sentValues: "RST_STREAM 1 CANCEL",
			cfg: func(cfg *Config) { cfg.Method, cfg.BodySize = "POST", 100<<10 },
			play: func(p *peers.H2, _ uint32) {
				_ = p.Until(http2.FrameRSTStream)
				_ = p.WriteWindowUpdate(0, 1<<20)
				_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, 1<<20)...)
			},
		},
	}
}

func floodCases() []h2case {
	const times = 20 * labFloodBurst // at once, on a slow machine too
	flood := func(frame func(p *peers.H2, id uint32)) func(*peers.H2, uint32) {
		return func(p *peers.H2, id uint32) {
			for range times {
				frame(p, id)
			}
		}
	}
	var cases []h2case
	for does, frame := range map[string]func(p *peers.H2, id uint32){
		"PING":                       func(p *peers.H2, _ uint32) { _ = p.WritePing(false, [8]byte{}) },
		"answers to PING":            func(p *peers.H2, _ uint32) { _ = p.WritePing(true, [8]byte{}) },
		"SETTINGS":                   func(p *peers.H2, _ uint32) { _ = p.WriteSettings() },
		"SETTINGS acknowledgements":  func(p *peers.H2, _ uint32) { _ = p.WriteSettingsAck() },
		"WINDOW_UPDATE":              func(p *peers.H2, _ uint32) { _ = p.WriteWindowUpdate(0, 1) },
		"PRIORITY":                   func(p *peers.H2, id uint32) { p.Raw(http2.FramePriority, 0, id, "12345") },
		"GOAWAY":                     func(p *peers.H2, _ uint32) { _ = p.WriteGoAway(labStreamID, 0, nil) },
		"unknown frames":             func(p *peers.H2, _ uint32) { p.Raw(0xfa, 0, 0, "") },
		"RST_STREAM on a closed one": func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id-2, 0) },
	} {
		cases = append(cases, h2case{
			does: "floods with " + does, code: errcode.HTTP2Flood, closed: true, sentValues: "GOAWAY ENHANCE_YOUR_CALM",
			warm: true, play: flood(frame),
		})
	}
	cases = append(cases, h2case{
		does: "floods with empty content", code: errcode.HTTP2Flood, closed: true, sentValues: "GOAWAY ENHANCE_YOUR_CALM",
		play: func(p *peers.H2, id uint32) {
			p.Headers(id, false, ":status", "200")
			flood(func(p *peers.H2, id uint32) { _ = p.WriteDataPadded(id, false, nil, []byte{0, 0}) })(p, id)
		},
	}, h2case{
		does: "sends as many control frames as are allowed at once and then answers",
		play: func(p *peers.H2, id uint32) {
			for range labFloodBurst {
				_ = p.WritePing(true, [8]byte{})
			}
			p.Answer(id)
		},
	})
	return cases
}

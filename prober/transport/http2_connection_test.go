package transport

import (
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// Codes for HTTP/2 error codes.
func goAwayOf(code http2.ErrCode) errcode.Code     { return errcode.FromGoAway(uint32(code)) }
func streamOf(code http2.ErrCode) errcode.Code     { return errcode.FromStream(uint32(code)) }
func connectionOf(code http2.ErrCode) errcode.Code { return errcode.FromConnection(uint32(code)) }

// opening returns a peer that begins with raw bytes.
func opening(raw string) func(*peers.H2) {
	return func(p *peers.H2) { _, _ = p.Conn.Write([]byte(raw)) }
}

func settingFirst(id http2.SettingID, value uint32) func(*peers.H2) {
	return func(p *peers.H2) { _ = p.WriteSettings(setting(id, value)...) }
}

func hasty(cfg *Config) { cfg.ConnectTimeout = amply }

func prefaceCases() []h2case {
	return []h2case{
		{
			does: "answers in HTTP/1", code: errcode.HTTP2NotSpoken, closed: true,
			open: opening("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
		}, {
			does: "answers in TLS", code: errcode.HTTP2NotSpoken, closed: true,
			open: opening("\x15\x03\x01\x00\x02\x02\x0a-- more --"),
		}, {
			does: "greets like a mail server", code: errcode.HTTP2NotSpoken, closed: true,
			open: opening("220 mail.example.com ESMTP\r\n"),
		}, {
			does: "closes without a byte", code: errcode.Closed, closed: true,
			open: func(p *peers.H2) { peers.EndWriting(p.Conn) },
		}, {
			does: "resets without a byte", code: errcode.Reset, closed: true,
			open: func(p *peers.H2) { _ = p.Until(http2.FrameWindowUpdate); peers.Reset(p.Conn) },
		}, {
			does: "closes within its first frame", code: errcode.HTTP2NotSpoken, closed: true,
			open: func(p *peers.H2) { opening("\x00\x00\x06\x04")(p); peers.EndWriting(p.Conn) },
		}, {
			does: "says nothing", code: errcode.HTTP2NoSettings, closed: true,
			open: func(*peers.H2) {}, cfg: hasty,
		}, {
			does: "says half a SETTINGS frame", code: errcode.HTTP2NoSettings, closed: true,
			open: opening("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00"), cfg: hasty,
		}, {
			does: "begins with PING", code: errcode.HTTP2NotSpoken, closed: true,
			open: func(p *peers.H2) { _ = p.WritePing(false, [8]byte{}) },
		}, {
			does: "begins with CONTINUATION", code: errcode.HTTP2NotSpoken, closed: true,
			open: func(p *peers.H2) { _ = p.WriteContinuation(1, true, []byte("\x88")) },
		}, {
			does: "begins by acknowledging SETTINGS", code: errcode.HTTP2NotSpoken, closed: true,
			open: func(p *peers.H2) { _ = p.WriteSettingsAck() },
		}, {
			does: "begins with GOAWAY", code: goAwayOf(http2.ErrCodeEnhanceYourCalm), closed: true,
			open: func(p *peers.H2) { _ = p.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, nil) },
		},
		begins("begins with SETTINGS of a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2) { p.Raw(http2.FrameSettings, 0, 0, "12345") }),
		begins("begins with SETTINGS on a stream", http2.ErrCodeProtocol, func(p *peers.H2) { p.Raw(http2.FrameSettings, 0, 1, "") }),
		begins("enables push", http2.ErrCodeProtocol, settingFirst(http2.SettingEnablePush, 1)),
		begins("sets push to 2", http2.ErrCodeProtocol, settingFirst(http2.SettingEnablePush, 2)),
		begins("sets an initial window above the limit", http2.ErrCodeFlowControl, settingFirst(http2.SettingInitialWindowSize, 1<<31)),
		begins("sets a frame size below the limit", http2.ErrCodeProtocol, settingFirst(http2.SettingMaxFrameSize, 1<<14-1)),
		begins("sets a frame size above the limit", http2.ErrCodeProtocol, settingFirst(http2.SettingMaxFrameSize, 1<<24)),
		{
			does: "sets what nobody knows", settings: setting(0x7777, 7), play: (*peers.H2).Answer,
		}, {
			does: "gives up the dynamic table", settings: setting(http2.SettingHeaderTableSize, 0), play: (*peers.H2).Answer,
		},
	}
}

func settingsCases() []h2case {
	return []h2case{
		{
			does: "changes its settings during a request",
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20})
				for p.Acks < 2 && p.Until(http2.FrameSettings) != nil { // one for the first
				}
				p.Answer(id)
			},
		}, {
			does: "acknowledges settings that nobody sent",
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteSettingsAck()
				_ = p.WriteSettingsAck()
				p.Answer(id)
			},
		}, {
			does: "allows no more streams during a request, and then some again",
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
				p.Headers(id, false, ":status", "200")
				// Before the end of the answer: after it the next request looks for a stream.
				_ = p.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
				p.Data(id, true, "hello")
			},
		},
		breaks("acknowledges with content", http2.ErrCodeFrameSize, func(p *peers.H2, _ uint32) { p.Raw(http2.FrameSettings, http2.FlagSettingsAck, 0, "123456") }),
		breaks("sends SETTINGS of a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2, _ uint32) { p.Raw(http2.FrameSettings, 0, 0, "1234567") }),
		breaks("sends SETTINGS on a stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Raw(http2.FrameSettings, 0, id, "") }),
		breaks("enables push during a request", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { _ = p.WriteSettings(setting(http2.SettingEnablePush, 1)...) }),
		{
			does: "makes the window of an open stream too large by its settings",
			code: connectionOf(http2.ErrCodeFlowControl), closed: true, sentValues: "GOAWAY FLOW_CONTROL_ERROR",
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteWindowUpdate(id, labLargestWindow-labWindow)
				_ = p.WriteSettings(setting(http2.SettingInitialWindowSize, labWindow+1)...)
			},
		},
	}
}

func layoutCases() []h2case {
	return []h2case{
		{
			does: "sends a frame above 16 KiB", code: errcode.HTTP2FrameSize, closed: true, sentValues: "GOAWAY FRAME_SIZE_ERROR",
			play: func(p *peers.H2, id uint32) {
				p.Headers(id, false, ":status", "200")
				p.Data(id, true, strings.Repeat("x", labMaxFrame+1))
			},
		}, {
			does: "sends frames of unknown types",
			play: func(p *peers.H2, id uint32) {
				p.Raw(0xfa, 0xff, id, "what is this?")
				p.Raw(0x10, 0, 0, "")
				p.Raw(0xfb, 0, 0, strings.Repeat("?", labMaxFrame))
				p.Answer(id)
			},
		}, {
			does: "sets flags and a bit that mean nothing",
			play: func(p *peers.H2, id uint32) {
				p.Raw(http2.FrameHeaders, 0xc0|http2.FlagHeadersEndHeaders, id|1<<31, string(p.Fields(":status", "200")))
				p.Raw(http2.FrameData, 0xf0|http2.FlagDataEndStream, id|1<<31, "hello")
			},
		}, {
			does: "sends priorities",
			play: func(p *peers.H2, id uint32) {
				p.Raw(http2.FramePriority, 0, id, "\x00\x00\x00\x00\x10")
				p.Raw(http2.FramePriority, 0, 99, "\x00\x00\x00\x63\x10")
				p.Answer(id)
			},
		},
		spoils("sends a priority of a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2, id uint32) { p.Raw(http2.FramePriority, 0, id, "1234") }),
		breaks("sends a priority of a wrong length on a stream that is not open", http2.ErrCodeFrameSize, func(p *peers.H2, _ uint32) { p.Raw(http2.FramePriority, 0, 99, "1234") }),
		breaks("sends a priority on stream 0", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { p.Raw(http2.FramePriority, 0, 0, "12345") }),
		{
			does: "waits for the answer to PING",
			play: func(p *peers.H2, id uint32) {
				_ = p.WritePing(false, [8]byte{1, 2, 3})
				if f, ok := p.Until(http2.FramePing).(*http2.PingFrame); ok && f.IsAck() && f.Data == [8]byte{1, 2, 3} {
					p.Answer(id)
				}
			},
		}, {
			does: "answers a PING that nobody sent",
			play: func(p *peers.H2, id uint32) { _ = p.WritePing(true, [8]byte{}); p.Answer(id) },
		},
		breaks("sends PING on a stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Raw(http2.FramePing, 0, id, "12345678") }),
		breaks("sends PING of a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2, _ uint32) { p.Raw(http2.FramePing, 0, 0, "1234567") }),
		breaks("pushes", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) {
			_ = p.WritePushPromise(http2.PushPromiseParam{StreamID: id, PromiseID: 2, BlockFragment: []byte("\x82\x84\x87"), EndHeaders: true})
		}),
		breaks("pushes with too few bytes", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { p.Raw(http2.FramePushPromise, 4, id, "\x00") }),
	}
}

func windowCases() []h2case {
	return []h2case{
		breaks("sends WINDOW_UPDATE of a wrong length", http2.ErrCodeFrameSize, func(p *peers.H2, id uint32) { p.Raw(http2.FrameWindowUpdate, 0, id, "123") }),
		spoils("adds 0 to the window of a stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id, 0) }),
		breaks("adds 0 to the window of the connection", http2.ErrCodeProtocol, func(p *peers.H2, _ uint32) { _ = p.WriteWindowUpdate(0, 0) }),
		spoils("makes the window of a stream too large", http2.ErrCodeFlowControl, func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id, labLargestWindow) }),
		breaks("makes the window of the connection too large", http2.ErrCodeFlowControl, func(p *peers.H2, _ uint32) { _ = p.WriteWindowUpdate(0, labLargestWindow) }),
		{
			does: "makes both windows as large as can be",
			play: func(p *peers.H2, id uint32) {
				_ = p.WriteWindowUpdate(0, labLargestWindow-labWindow)
				_ = p.WriteWindowUpdate(id, labLargestWindow-labWindow)
				p.Answer(id)
			},
		},
		breaks("adds to the window of an idle stream", http2.ErrCodeProtocol, func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id+2, 1) }),
		{
			does: "adds to the window of a closed stream", warm: true,
			play: func(p *peers.H2, id uint32) { _ = p.WriteWindowUpdate(id-2, 1); p.Answer(id) },
		},
	}
}

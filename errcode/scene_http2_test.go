package errcode_test

import (
	"crypto/tls"
	"net"
	"strings"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// reaction handles a request on a stream of a server of HTTP/2.
type reaction func(f *peers.H2, stream uint32)

// http2Scenes are faults of a connection of HTTP/2 as such.
func http2Scenes() []scene {
	return []scene{
		{name: "the peer answers HTTP/2 with HTTP/1", want: errcode.HTTP2NotSpoken, std: errcode.General, xnet: errcode.HTTP2FrameSize, why: clientText, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Saying("HTTP/1.1 400 Bad Request\r\n\r\n"))), HTTPVersion: option.H2C}
		}},
		{name: "no SETTINGS come in time", want: errcode.HTTP2NoSettings, std: errcode.RequestTimeout, why: "net/http does not wait for SETTINGS", late: true, stage: func(t lab) transport.Config {
			return transport.Config{URL: at("http", peer(t, peers.Silence)), HTTPVersion: option.H2C, Dial: option.Dial{ConnectTimeout: waiting / 2}}
		}},
		{name: "a frame is above the limit", want: errcode.HTTP2FrameSize, std: errcode.General, xnet: errcode.HTTP2FrameSize, why: clientText, stage: framed(hugeFrame)},
		{name: "the header list is too large", want: errcode.HTTP2HeaderList, std: errcode.FromStream(1), why: "net/http makes one error of many", stage: framed(func(f *peers.H2, stream uint32) {
			f.Headers(stream, false, strings.Split(strings.Repeat("name value ", 1<<11)+":status 200", " ")...)
		})},
		{name: "the server allows no stream", want: errcode.HTTP2NoStream, std: errcode.RequestTimeout, why: clientContext, late: true, stage: func(t lab) transport.Config {
			return overFrames(t, func(f *peers.H2) { _ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams}) }, fallSilent)
		}},
		{name: "the server sends PINGs without end", want: errcode.HTTP2Flood, std: errcode.ClosedInHeaders, why: "net/http answers them until the server closes", stage: framed(func(f *peers.H2, _ uint32) {
			for range 1 << 10 {
				_ = f.WritePing(false, [8]byte{})
			}
		})},
		unansweredPing(),
		{name: "the server chooses HTTP/2 over TLS 1.1", want: errcode.FromConnection(uint32(http2.ErrCodeInadequateSecurity)), std: errcode.OK, why: noLook, stage: func(t lab) transport.Config {
			server := &tls.Config{
				Certificates: []tls.Certificate{certs.Issue(nil)}, NextProtos: []string{"h2"},
				MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11,
			}
			return transport.Config{
				URL: at("https", peer(t, peers.Within(server, serveFrames(settings, answerOK)))),
				TLS: option.TLS{InsecureSkipVerify: true, MinVersion: tls.VersionTLS11}, HTTPVersion: option.OnlyHTTP2,
			}
		}},
	}
}

// unansweredPing has the server fall silent at a request and at the PING that follows after the
// request is given up. A slow machine may give a request up before it is sent.
func unansweredPing() scene {
	asked := make(chan struct{}, 1)
	return scene{
		name: "a PING goes unanswered", want: errcode.HTTP2Ping, alone: true, why: "net/http sends none unless told so",
		stage: func(t lab) transport.Config {
			cfg := framed(func(f *peers.H2, stream uint32) {
				select {
				case asked <- struct{}{}:
				default: // on another connection before
				}
				fallSilent(f, stream)
			})(t)
			cfg.ConnectTimeout = 2 * waiting // the timeout of the PING too
			return cfg
		},
		act: func(t lab, e engine) (errcode.Code, error) {
			for {
				code, err := e.do(t.Context(), waiting/2)
				select {
				case <-asked:
					return e.do(t.Context(), patience)
				default:
				}
				if code != errcode.RequestTimeout && code != errcode.HTTP2NoSettings {
					return code, err
				}
			}
		},
	}
}

// frameScenes are frames that break the rules.
func frameScenes() []scene {
	connection := func(code http2.ErrCode) errcode.Code { return errcode.FromConnection(uint32(code)) }
	stream := func(code http2.ErrCode) errcode.Code { return errcode.FromStream(uint32(code)) }
	cases := []struct {
		name  string
		want  errcode.Code
		react reaction
		why   string
		std   errcode.Code
	}{
		{"the status is 600", errcode.HTTP1StatusRange, func(f *peers.H2, stream uint32) {
			f.Headers(stream, true, ":status", "600")
		}, "", 0},
		{"data comes on a stream that nobody opened", connection(http2.ErrCodeProtocol), func(f *peers.H2, _ uint32) {
			f.Data(99, true, "data")
		}, "", 0},
		{"the window of the connection overflows", connection(http2.ErrCodeFlowControl), func(f *peers.H2, _ uint32) {
			_ = f.WriteWindowUpdate(0, 1<<31-1)
		}, "", 0},
		{"SETTINGS have an impossible length", connection(http2.ErrCodeFrameSize), func(f *peers.H2, _ uint32) {
			_ = f.WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5))
		}, "", 0},
		{"a header block cannot be decoded", connection(http2.ErrCodeCompression), func(f *peers.H2, stream uint32) {
			f.HeaderBlock(stream, false, "\xff\xff\xff\xff\x0f")
		}, "", 0},
		{"a response has no status", stream(http2.ErrCodeProtocol), func(f *peers.H2, stream uint32) {
			f.Headers(stream, false, "name", "value")
		}, "", 0},
		{"the body is longer than its declared length", errcode.BodyOverrun, func(f *peers.H2, stream uint32) {
			f.Headers(stream, false, ":status", "200", "content-length", "2")
			f.Data(stream, true, "longer")
		}, clientText, errcode.General},
		{"the body is shorter than its declared length", errcode.Truncated, func(f *peers.H2, stream uint32) {
			f.Headers(stream, false, ":status", "200", "content-length", "9")
			f.Data(stream, true, "short")
		}, "", 0},
		{"the trailers have a pseudo-header field", errcode.Trailers, func(f *peers.H2, stream uint32) {
			beginOK(f, stream)
			answerOK(f, stream)
		}, "net/http ends the connection for it", connection(http2.ErrCodeProtocol)},
	}
	var all []scene
	for _, c := range cases {
		all = append(all, scene{name: c.name, want: c.want, std: c.std, why: c.why, stage: framed(c.react)})
	}
	return append(all, scene{
		name: "the window of a stream overflows", want: stream(http2.ErrCodeFlowControl), alone: true, why: "net/http waits for ever, without heed to the deadline",
		stage: framed(func(f *peers.H2, stream uint32) { _ = f.WriteWindowUpdate(stream, 1<<31-1) }),
	}, scene{
		name: "data comes on a stream that has ended", want: connection(http2.ErrCodeStreamClosed), std: errcode.ClosedInHeaders, why: noLook, act: again,
		stage: framed(func(f *peers.H2, stream uint32) {
			answerOK(f, stream)
			f.Request()
			f.Data(stream, true, "late")
		}),
	})
}

// framed is the stage of a server of HTTP/2 in clear text.
func framed(react reaction) func(t lab) transport.Config {
	return func(t lab) transport.Config { return overFrames(t, settings, react) }
}

func overFrames(t lab, greet func(*peers.H2), react reaction) transport.Config {
	return transport.Config{URL: at("http", peer(t, serveFrames(greet, react))), HTTPVersion: option.H2C}
}

// serveFrames greets and reacts to the first request. Then it sends nothing more and reads to the end,
// so the client sees an end of stream and no reset.
func serveFrames(greet func(*peers.H2), react reaction) peers.Script {
	return serveFramesUntil(greet, react, peers.Finish)
}

// serveFramesUntil greets, reacts to the first request and ends the connection.
func serveFramesUntil(greet func(*peers.H2), react reaction, end peers.Script) peers.Script {
	return func(c net.Conn) {
		f := peers.NewH2(c)
		if !f.Preface() {
			return
		}
		greet(f)
		if stream := f.Request(); stream != 0 {
			react(f, stream)
		}
		end(c)
	}
}

func settings(f *peers.H2) { _ = f.WriteSettings() }

// fallSilent answers nothing any more, not even PING.
func fallSilent(f *peers.H2, _ uint32) { peers.Silence(f.Conn) }

func answerOK(f *peers.H2, stream uint32) { f.Headers(stream, true, ":status", "200") }

// beginOK sends the header of an answer.
func beginOK(f *peers.H2, stream uint32) { f.Headers(stream, false, ":status", "200") }

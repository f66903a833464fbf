package grpc

import (
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// fault is one act of a peer against a call, and the result the call must have.
type fault struct {
	does string
	// play runs after the call has arrived, open at the start of the connection.
	play func(p *peers.H2, id uint32)
	open func(c net.Conn)
	cfg  func(*Config)
	// timeout is the timeout of the call; 0 means that it must not matter.
	timeout time.Duration

	code  errcode.Code
	phase errcode.Phase
	// text is a part of the failure's text.
	text string
}

func faults() map[string][]fault {
	return map[string][]fault{
		"statuses":    append(statusFaults(), oddStatusFaults()...),
		"no status":   noStatusFaults(),
		"framing":     framingFaults(),
		"size":        sizeFaults(),
		"compression": compressionFaults(),
		"no gRPC":     foreignFaults(),
		"health":      healthFaults(),
		"HTTP/2":      streamFaults(),
		"silence":     silenceFaults(),
		"expectation": expectationFaults(),
	}
}

func TestFaultsOfCallsHaveTheirCodes(t *testing.T) {
	n := 0
	for about, cases := range faults() {
		for _, f := range cases {
			n++
			t.Run(about+"/"+f.does, func(t *testing.T) {
				t.Parallel()
				f.run(t)
			})
		}
	}
	assert.GreaterOrEqual(t, n, 60)
}

func (f *fault) run(t *testing.T) {
	t.Helper()
	script := f.open
	if script == nil {
		script = playing(f.play)
	}
	p := peers.Listen(t, script)
	cfg := Config{Plan: planOf(p)}
	if f.cfg != nil {
		f.cfg(&cfg)
	}
	e := newEngine(t, cfg)
	timeout := patience
	if f.timeout > 0 {
		timeout = f.timeout
	}
	r := do(e, timeout)
	assert.Equal(t, f.code, e.Code(r), "%v %v", r.Err, r.Unmet)
	assert.Equal(t, f.phase, r.FailedIn(), "%v", r.Err)
	assert.Contains(t, textOf(r), f.text)
	assert.NotZero(t, r.End)
}

// textOf returns the text of a failure.
func textOf(r *probe.Result) string {
	switch {
	case r.Err != nil:
		return r.Err.Error()
	case r.Unmet != nil:
		return r.Unmet.Error()
	case r.HTTP.BodyErr != nil:
		return r.HTTP.BodyErr.Error()
	}
	return ""
}

// ending is an answer with only a header.
func ending(pairs ...string) func(p *peers.H2, id uint32) {
	return func(p *peers.H2, id uint32) {
		p.Headers(id, true, append([]string{":status", "200", "content-type", "application/grpc"}, pairs...)...)
	}
}

// messages is an answer with content and the status OK.
func messages(content string, more ...string) func(p *peers.H2, id uint32) {
	return func(p *peers.H2, id uint32) {
		header(p, id, more...)
		p.Data(id, false, content)
		trailers(p, id, "0")
	}
}

// web is an HTTP answer with a page.
func web(status, contentType string) func(p *peers.H2, id uint32) {
	return func(p *peers.H2, id uint32) {
		p.Headers(id, false, ":status", status, "content-type", contentType)
		p.Data(id, true, "<html>no gRPC here</html>")
	}
}

// statusFaults are the statuses of failures, each as the only header of its answer and after
// a message.
func statusFaults() (all []fault) {
	for status := 1; status <= 16; status++ {
		number := fmt.Sprint(status)
		all = append(all,
			fault{does: "status " + number + " alone", code: errcode.Code(2000 + status), play: ending("grpc-status", number)},
			fault{does: "status " + number + " after a message", code: errcode.Code(2000 + status), play: func(p *peers.H2, id uint32) {
				answerWith(p, id, framed(0, serving), number)
			}},
		)
	}
	return all
}

func oddStatusFaults() []fault {
	return []fault{
		{does: "a text beside it", code: 2014, text: `the server says UNAVAILABLE: "no backend: 50% ok"`, play: ending("grpc-status", "14", "grpc-message", "no%20backend:%2050% ok")},
		{does: "a long text beside it", code: 2014, text: strings.Repeat("x", 48) + `"...`, play: ending("grpc-status", "14", "grpc-message", strings.Repeat("x", 5000))},
		{does: "a text with line breaks", code: 2013, text: `INTERNAL: "a\r\nb\x00"`, play: ending("grpc-status", "13", "grpc-message", "a%0d%0Ab%00")},
		{does: "a text that breaks off", code: 2013, text: `INTERNAL: "a%2"`, play: ending("grpc-status", "13", "grpc-message", "a%2")},
		{does: "status 17", code: errcode.GRPC, text: "the server says 17", play: ending("grpc-status", "17")},
		{does: "a status of many digits", code: errcode.GRPC, play: ending("grpc-status", strings.Repeat("9", 18))},
		{does: "a status that is too long", code: errcode.GRPC, text: "not a number", play: ending("grpc-status", strings.Repeat("9", 40))},
		{does: "a status that is a word", code: errcode.GRPC, text: `the grpc-status is not a number, but "OK"`, play: ending("grpc-status", "OK")},
		{does: "an empty status", code: errcode.GRPC, play: ending("grpc-status", "")},
		{does: "a status below 0", code: errcode.GRPC, play: ending("grpc-status", "-1")},
		{does: "two statuses", code: errcode.GRPC, text: "grpc-status twice", play: ending("grpc-status", "0", "grpc-status", "14")},
		{does: "a status within a torn message", code: 2014, play: func(p *peers.H2, id uint32) { answerWith(p, id, framed(0, serving)[:6], "14") }},
		{does: "a status with HTTP status 503", code: 2014, play: func(p *peers.H2, id uint32) {
			p.Headers(id, true, ":status", "503", "content-type", "application/grpc", "grpc-status", "14")
		}},
	}
}

func noStatusFaults() []fault {
	return []fault{
		{does: "no trailers", code: errcode.GRPCNoStatus, play: func(p *peers.H2, id uint32) {
			header(p, id)
			p.Data(id, true, framed(0, serving))
		}},
		{does: "trailers without it", code: errcode.GRPCNoStatus, play: func(p *peers.H2, id uint32) {
			header(p, id)
			p.Data(id, false, framed(0, serving))
			p.Headers(id, true, "grpc-message", "fine")
		}},
		{does: "only a header", code: errcode.GRPCNoStatus, play: ending()},
		{does: "only in a header that goes on", code: errcode.GRPCNoStatus, play: func(p *peers.H2, id uint32) {
			header(p, id, "grpc-status", "0")
			p.Data(id, true, framed(0, serving))
		}},
		{does: "only with HTTP status 502", code: errcode.FromStatus(502), text: "its status is 502, without grpc-status", play: func(p *peers.H2, id uint32) {
			p.Headers(id, true, ":status", "502", "content-type", "application/grpc")
		}},
		{does: "only with HTTP status 302", code: errcode.GRPCNoStatus, play: func(p *peers.H2, id uint32) {
			p.Headers(id, true, ":status", "302", "content-type", "application/grpc")
		}},
	}
}

func framingFaults() []fault {
	const processing, transfer = errcode.PhaseProcessing, errcode.PhaseTransfer
	return []fault{
		{does: "a flag of 2", code: errcode.GRPCFraming, phase: transfer, text: "neither 0 nor 1", play: messages(framed(2, serving))},
		{does: "a flag of 255", code: errcode.GRPCFraming, phase: transfer, play: messages(framed(255, serving))},
		{does: "a page of HTML in gRPC", code: errcode.GRPCFraming, phase: transfer, play: messages("<html>")},
		{does: "a part of a prefix", code: errcode.GRPCFraming, phase: transfer, text: "ended within a message", play: messages("\x00\x00\x00")},
		{does: "a prefix alone", code: errcode.GRPCFraming, phase: transfer, play: messages(framed(0, serving)[:5])},
		{does: "a part of a message", code: errcode.GRPCFraming, phase: transfer, play: messages(framed(0, serving)[:6])},
		{does: "a byte after a message", code: errcode.GRPCFraming, phase: transfer, play: messages(framed(0, serving) + "\x00")},
		{does: "a part of a message and no trailers", code: errcode.GRPCFraming, phase: transfer, play: func(p *peers.H2, id uint32) {
			header(p, id)
			p.Data(id, true, framed(0, serving)[:6])
		}},
		{does: "no message", code: errcode.GRPCFraming, phase: processing, text: "the answer has no message", play: messages("")},
		{does: "no content", code: errcode.GRPCFraming, phase: processing, play: ending("grpc-status", "0")},
		{does: "two messages", code: errcode.GRPCFraming, phase: transfer, text: "2 messages", play: messages(framed(0, serving) + framed(0, serving))},
	}
}

func sizeFaults() []fault {
	const transfer = errcode.PhaseTransfer
	return []fault{
		{does: "above 4 MiB", code: errcode.GRPCMessageSize, phase: transfer, text: "4194305 bytes, above 4194304", play: messages("\x00\x00\x40\x00\x01")},
		{does: "the longest there is", code: errcode.GRPCMessageSize, phase: transfer, play: messages("\x00\xff\xff\xff\xff")},
		{
			does: "above a limit of 1", code: errcode.GRPCMessageSize, phase: transfer, text: "2 bytes, above 1",
			cfg: func(c *Config) { c.MaxMessageBytes = 1 }, play: messages(framed(0, serving)),
		},
		{
			does: "the second of a stream", code: errcode.GRPCMessageSize, phase: transfer,
			cfg: func(c *Config) { c.Method, c.MaxMessageBytes = "Watch", 2 }, play: messages(framed(0, serving) + framed(0, "abc")),
		},
		{
			does: "decompressed", code: errcode.GRPCMessageSize, text: "once it is decompressed",
			cfg:  func(c *Config) { c.MaxMessageBytes = 40 },
			play: messages(framed(1, zipped(strings.Repeat(serving, 100))), "grpc-encoding", "gzip"),
		},
		{
			does: "a bomb", code: errcode.GRPCMessageSize, phase: transfer, text: "too long to be looked at",
			play: messages(framed(1, zipped(strings.Repeat("\x00", 9<<20))), "grpc-encoding", "gzip"),
		},
		{
			does: "too long to be kept", code: errcode.GRPCMessageSize, phase: transfer,
			cfg: func(c *Config) { c.MaxMessageBytes = 16 << 20 },
			play: func(p *peers.H2, id uint32) {
				p.Open()
				header(p, id)
				p.Data(id, false, "\x00\x00\xa0\x00\x00")
				for range 10 << 6 {
					p.Data(id, false, strings.Repeat("\x08", 16<<10))
				}
			},
		},
	}
}

func compressionFaults() []fault {
	const transfer = errcode.PhaseTransfer
	good := zipped(serving)
	compressed := func(content string) func(p *peers.H2, id uint32) {
		return messages(framed(1, content), "grpc-encoding", "gzip")
	}
	return []fault{
		{does: "no grpc-encoding", code: errcode.GRPCDecompression, phase: transfer, text: "grpc-encoding is not gzip", play: messages(framed(1, good))},
		{does: "an encoding that was not offered", code: errcode.GRPCDecompression, phase: transfer, play: messages(framed(1, good), "grpc-encoding", "zstd")},
		{does: "identity", code: errcode.GRPCDecompression, phase: transfer, play: messages(framed(1, serving), "grpc-encoding", "identity")},
		{does: "no gzip", code: errcode.GRPCDecompression, phase: transfer, text: "cannot be decompressed", play: compressed(serving)},
		{does: "a part of it", code: errcode.GRPCDecompression, phase: transfer, play: compressed(good[:len(good)-4])},
		{does: "a wrong checksum", code: errcode.GRPCDecompression, phase: transfer, play: compressed(good[:len(good)-8] + "\x00\x00\x00\x00" + good[len(good)-4:])},
		{does: "bytes after it", code: errcode.GRPCDecompression, phase: transfer, play: compressed(good + "x")},
		{does: "nothing", code: errcode.GRPCDecompression, phase: transfer, text: "empty", play: compressed("")},
		{
			does: "no gzip, of a method that nobody looks at", code: errcode.GRPCDecompression, phase: transfer,
			cfg: func(c *Config) { c.Service, c.Method = "shop.v1.Orders", "List" }, play: compressed("x"),
		},
	}
}

func foreignFaults() []fault {
	return []fault{
		{does: "a page", code: errcode.GRPCContentType, text: `its status is 200, its content-type "text/html"`, play: web("200", "text/html")},
		{does: "JSON", code: errcode.GRPCContentType, play: web("200", "application/json")},
		{does: "gRPC-Web", code: errcode.GRPCContentType, text: `"application/grpc-web"`, play: web("200", "application/grpc-web")},
		{does: "a long content-type", code: errcode.GRPCContentType, play: web("200", strings.Repeat("x", 5000))},
		{does: "no content-type", code: errcode.GRPCContentType, text: "without content-type", play: func(p *peers.H2, id uint32) {
			p.Headers(id, true, ":status", "200", "grpc-status", "0")
		}},
		{does: "a redirect", code: errcode.GRPCContentType, text: "its status is 302", play: web("302", "text/html")},
		{does: "status 204", code: errcode.GRPCContentType, play: func(p *peers.H2, id uint32) { p.Headers(id, true, ":status", "204") }},
		{does: "status 401", code: errcode.FromStatus(401), play: web("401", "text/html")},
		{does: "status 404", code: errcode.FromStatus(404), text: "its status is 404", play: web("404", "text/html")},
		{does: "status 429", code: errcode.FromStatus(429), play: web("429", "text/plain")},
		{does: "status 503", code: errcode.FromStatus(503), play: web("503", "text/html")},
		{does: "status 599", code: errcode.FromStatus(599), play: web("599", "text/html")},
		{does: "an endless page", code: errcode.GRPCContentType, phase: errcode.PhaseProcessing, text: "no end within 1 MiB", play: func(p *peers.H2, id uint32) {
			p.Open()
			p.Headers(id, false, ":status", "200", "content-type", "text/html")
			for range 80 {
				p.Data(id, false, strings.Repeat("x", 16<<10))
			}
		}},
		{does: "HTTP/1.1", code: errcode.HTTP2NotSpoken, phase: errcode.PhaseSend, open: peers.Saying(peers.OKAnswer)},
	}
}

func healthFaults() []fault {
	watch := func(c *Config) { c.Method = "Watch" }
	return []fault{
		{does: "NOT_SERVING", code: errcode.GRPCNotServing, text: "NOT_SERVING", play: messages(framed(0, notServing))},
		{does: "NOT_SERVING, compressed", code: errcode.GRPCNotServing, play: messages(framed(1, zipped(notServing)), "grpc-encoding", "gzip")},
		{does: "UNKNOWN", code: errcode.GRPCNotServing, text: "UNKNOWN", play: messages(framed(0, ""))},
		{does: "SERVICE_UNKNOWN", code: errcode.GRPCServiceUnknown, play: messages(framed(0, "\x08\x03"))},
		{does: "a number of its own", code: errcode.GRPCNotServing, text: "7, which is not one of its statuses", play: messages(framed(0, "\x08\x07"))},
		{does: "the last of two counts", code: errcode.GRPCNotServing, play: messages(framed(0, serving+notServing))},
		{does: "no message of it", code: errcode.UnexpectedBody, text: "not one of the health service", play: messages(framed(0, "\xff\xff\xff"))},
		{does: "a message that breaks off", code: errcode.UnexpectedBody, play: messages(framed(0, "\x08"))},
		{does: "a watch that begins badly", code: errcode.GRPCServiceUnknown, cfg: watch, play: messages(framed(0, "\x08\x03") + framed(0, serving))},
	}
}

func streamFaults() []fault {
	const processing, transfer = errcode.PhaseProcessing, errcode.PhaseTransfer
	// after calls do once the answer has begun, after the first message or before it.
	after := func(content string, do func(p *peers.H2, id uint32)) func(p *peers.H2, id uint32) {
		return func(p *peers.H2, id uint32) {
			header(p, id)
			if content != "" {
				p.Data(id, false, content)
			}
			do(p, id)
		}
	}
	reset := func(code http2.ErrCode) func(p *peers.H2, id uint32) {
		return func(p *peers.H2, id uint32) { _ = p.WriteRSTStream(id, code) }
	}
	leave := func(p *peers.H2, _ uint32) {
		peers.EndWriting(p.Conn)
		p.Ignore()
	}
	away := func(code http2.ErrCode) func(p *peers.H2, id uint32) {
		return func(p *peers.H2, id uint32) {
			_ = p.WriteGoAway(0, code, nil)
			p.Ignore()
		}
	}
	return []fault{
		{does: "a reset before the answer", code: errcode.FromStream(8), phase: processing, play: reset(http2.ErrCodeCancel)},
		{does: "a refused stream", code: errcode.FromStream(7), phase: processing, play: reset(http2.ErrCodeRefusedStream)},
		{does: "a reset before the message", code: errcode.FromStream(2), phase: processing, play: after("", reset(http2.ErrCodeInternal))},
		{does: "a reset after the message", code: errcode.FromStream(2), phase: transfer, play: after(framed(0, serving), reset(http2.ErrCodeInternal))},
		{does: "NO_ERROR instead of trailers", code: errcode.FromStream(0), phase: transfer, play: after(framed(0, serving), reset(http2.ErrCodeNo))},
		{does: "too much", code: errcode.FromStream(11), phase: processing, play: reset(http2.ErrCodeEnhanceYourCalm)},
		{does: "an end before the message", code: errcode.HTTP2Closed, phase: processing, play: after("", leave)},
		{does: "an end within the message", code: errcode.HTTP2Closed, phase: transfer, play: after(framed(0, serving)[:3], leave)},
		{does: "an end instead of trailers", code: errcode.HTTP2Closed, phase: transfer, play: after(framed(0, serving), leave)},
		{does: "GOAWAY with an error", code: errcode.FromGoAway(2), phase: processing, play: away(http2.ErrCodeInternal)},
		{does: "GOAWAY within the answer", code: errcode.FromGoAway(0), phase: processing, play: after("", away(http2.ErrCodeNo))},
		{does: "malformed trailers", code: errcode.Trailers, phase: transfer, play: after(framed(0, serving), func(p *peers.H2, id uint32) {
			p.Headers(id, true, "Grpc-Status", "0")
		})},
		{does: "trailers that do not end", code: errcode.Trailers, phase: transfer, play: after(framed(0, serving), func(p *peers.H2, id uint32) {
			p.Headers(id, false, "grpc-status", "0")
		})},
		{does: "content before the header", code: errcode.FromStream(1), phase: processing, play: func(p *peers.H2, id uint32) {
			p.Data(id, false, framed(0, serving))
		}},
		{does: "a header without a status", code: errcode.FromStream(1), phase: processing, play: func(p *peers.H2, id uint32) {
			p.Headers(id, true, "grpc-status", "0")
		}},
		{does: "less content than declared", code: errcode.Truncated, phase: transfer, play: func(p *peers.H2, id uint32) {
			header(p, id, "content-length", "99")
			p.Data(id, false, framed(0, serving))
			trailers(p, id, "0")
		}},
		{does: "trailers above 64 KiB", code: errcode.HTTP2HeaderList, phase: transfer, play: after(framed(0, serving), func(p *peers.H2, id uint32) {
			trailers(p, id, "14", "grpc-message", strings.Repeat("x", 70<<10))
		})},
		{does: "no SETTINGS, but HTTP/2 of another kind", code: errcode.HTTP2NotSpoken, phase: errcode.PhaseSend, open: func(c net.Conn) {
			p := peers.NewH2(c)
			p.Preface()
			_ = p.WritePing(false, [8]byte{})
			p.Ignore()
		}},
	}
}

func silenceFaults() []fault {
	const processing, transfer = errcode.PhaseProcessing, errcode.PhaseTransfer
	silent := func(*peers.H2, uint32) {}
	return []fault{
		{does: "no answer", timeout: briefly, code: errcode.RequestTimeout, phase: processing, play: silent},
		{does: "a header and no message", timeout: briefly, code: errcode.RequestTimeout, phase: processing, play: func(p *peers.H2, id uint32) { header(p, id) }},
		{does: "a part of a message", timeout: briefly, code: errcode.RequestTimeout, phase: transfer, play: func(p *peers.H2, id uint32) {
			header(p, id)
			p.Data(id, false, framed(0, serving)[:6])
		}},
		{does: "a message and no trailers", timeout: briefly, code: errcode.RequestTimeout, phase: transfer, play: func(p *peers.H2, id uint32) {
			header(p, id)
			p.Data(id, false, framed(0, serving))
		}},
		{does: "no SETTINGS", timeout: briefly, code: errcode.HTTP2NoSettings, phase: errcode.PhaseSend, open: peers.Silence},
		{does: "no streams", timeout: briefly, code: errcode.HTTP2NoStream, phase: errcode.PhaseQueue, open: func(c net.Conn) {
			p := peers.NewH2(c)
			p.Greet(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
			p.Ignore()
		}},
	}
}

func expectationFaults() []fault {
	return []fault{
		{does: "OK, which is not listed", code: errcode.UnexpectedStatus, text: "which expect.grpc_status does not list", cfg: expecting("NOT_FOUND"), play: well},
		{does: "a failure that is not listed", code: 2005, cfg: expecting("OK", "UNIMPLEMENTED"), play: ending("grpc-status", "5")},
		{does: "too slow", code: errcode.TooSlow, cfg: func(c *Config) { c.Expect.MaxLatency = 1 }, play: well},
		{
			does: "another value", code: errcode.UnexpectedBody, text: `the value of the message at "status" is not that of expect.message, but "NOT_SERVING"`,
			cfg: func(c *Config) { c.Expect.Message = map[string]any{"status": "SERVING"} }, play: messages(framed(0, notServing)),
		},
	}
}

// Both sides know when the time of a call is over. Chance decides which side ends it.
func TestACallWhoseTimeIsOverIsATimeOutWhoeverEndsIt(t *testing.T) {
	t.Parallel()
	e := newEngine(t, Config{Plan: wire.Plan{URL: at("grpc", "127.0.0.1:1")}})
	over := func(end func(r *probe.Result, a *answer)) *probe.Result {
		r, now := new(probe.Result), probe.Now()
		r.Reset(now-1000, now)
		s := scratchOf(r)
		s.begin(e.plans[0].Load(), r)
		s.answer.isGRPC, s.answer.http = true, 200
		end(r, &s.answer)
		e.plans[0].Load().judge.settle(r, s)
		return r
	}
	reset := func(code http2.ErrCode) func(r *probe.Result, _ *answer) {
		return func(r *probe.Result, _ *answer) {
			r.Fail(&errcode.PhaseError{Err: http2.StreamError{StreamID: 1, Code: code}})
		}
	}
	gateway := func(r *probe.Result, a *answer) {
		a.isGRPC, a.http = false, 502
		r.Finish(probe.Now())
	}
	saying := func(status int64) func(r *probe.Result, a *answer) {
		return func(r *probe.Result, a *answer) {
			a.statuses, a.status = 1, status
			r.Finish(probe.Now())
		}
	}
	for _, end := range []func(*probe.Result, *answer){
		reset(http2.ErrCodeCancel), reset(http2.ErrCodeInternal), saying(1), saying(4), saying(14), gateway,
	} {
		r := over(end)
		assert.Equal(t, errcode.RequestTimeout, e.Code(r), textOf(r))
		assert.ErrorIs(t, r.Err, os.ErrDeadlineExceeded, "it counts as a time-out of the request")
		assert.Contains(t, textOf(r), "the server ended the call because the time of grpc-timeout was over")
	}
	early := over(func(r *probe.Result, a *answer) {
		r.Deadline = r.Deadline.Add(time.Minute)
		saying(4)(r, a)
	})
	assert.Equal(t, errcode.GRPCDeadline, e.Code(early), "the server's own time-out")
	assert.Equal(t, errcode.GRPCNotFound, e.Code(over(saying(5))), "it says nothing of the time")
	assert.Equal(t, errcode.OK, e.Code(over(func(r *probe.Result, a *answer) {
		a.messages = 1
		saying(0)(r, a)
	})), "an answer that is just in time")
}

// Servers of gRPC end a connection with more than two PINGs in a row.
func TestASilentServerIsAskedNoMoreThanTwiceWhetherItIsThere(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var pings []int
	p := peers.Listen(t, func(c net.Conn) {
		mu.Lock()
		i := len(pings)
		pings = append(pings, 0)
		mu.Unlock()
		p := peers.NewH2(c)
		p.Greet()
		ending("grpc-status", "14")(p, p.Request()) // then it is silent
		for f := p.Next(); f != nil; f = p.Next() {
			if f.Header().Type == http2.FramePing {
				mu.Lock()
				pings[i]++
				mu.Unlock()
			}
		}
	})
	e := newEngine(t, Config{Plan: planOf(p)})
	var r probe.Result
	again(t.Context(), e, &r, patience)
	require.Equal(t, errcode.GRPCUnavailable, e.Code(&r), textOf(&r))
	for range 10 {
		again(t.Context(), e, &r, briefly)
		if p.Connections() == 2 {
			break
		}
		assert.Equal(t, errcode.RequestTimeout, e.Code(&r), textOf(&r))
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(pings) == 2
	}, patience, time.Millisecond, "the third time, another connection is made")
	e.CloseIdle()
	e.Wait()
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, 2, pings[0])
}

// A peer may repeat the confidential parts of a call.
func TestASecretOfTheCallIsStruckOutOfWhatTheServerSays(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(ending("grpc-status", "16", "grpc-message", "no: bearer%20s3cret-Token")))
	e := newEngine(t, Config{Plan: planOf(p), Metadata: fields("authorization", "Bearer s3cret-token")})
	r := do(e, patience)
	require.Equal(t, errcode.Code(2016), e.Code(r))
	assert.Equal(t, `the server says UNAUTHENTICATED: "no: ***"`, textOf(r))
}

// The expectation for the health service can be changed.
func TestAHealthServiceMayBeExpectedNotToServe(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(messages(framed(0, notServing))))
	e := newEngine(t, Config{Plan: planOf(p), Expect: Expectation{Message: map[string]any{"status": "NOT_SERVING"}}})
	var r probe.Result
	for range 2 {
		again(t.Context(), e, &r, patience)
		assert.Equal(t, errcode.OK, e.Code(&r), textOf(&r))
	}
}

// A draining server names the calls it has not processed; these are made once more.
func TestACallThatTheServerHasNotLookedAtIsMadeOnceMore(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(func(p *peers.H2, id uint32) {
		if id > 1 {
			well(p, id)
			return
		}
		well(p, id)
		p.Request()
		_ = p.WriteGoAway(1, http2.ErrCodeNo, nil)
		p.Ignore()
	}))
	e := newEngine(t, Config{Plan: planOf(p)})
	var r probe.Result
	again(t.Context(), e, &r, patience)
	require.Equal(t, errcode.OK, e.Code(&r), textOf(&r))
	again(t.Context(), e, &r, patience)
	require.Equal(t, errcode.OK, e.Code(&r), textOf(&r))
	assert.True(t, r.HTTP.Resent)
	assert.Equal(t, 2, p.Connections())
}

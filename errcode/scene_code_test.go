package errcode_test

import (
	"fmt"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/transport"
)

// After refusal, an HTTP/2 error code, net/http assumes that the server has not processed
// the request. protocolError makes net/http try again too.
const (
	protocolError = uint32(http2.ErrCodeProtocol)
	refusal       = uint32(http2.ErrCodeRefusedStream)
)

// errorCodeScenes are the HTTP/2 error codes of RFC 9113 and one unknown code, sent by a
// server.
func errorCodeScenes() []scene {
	var all []scene
	for n := range uint32(http2Codes) {
		code := http2.ErrCode(n)
		all = append(all,
			scene{name: fmt.Sprintf("the server sends GOAWAY %d", n), want: errcode.FromGoAway(n), stage: framed(func(f *peers.H2, stream uint32) {
				_ = f.WriteGoAway(stream, code, nil)
			})},
			scene{name: fmt.Sprintf("the server resets the stream with %d", n), want: errcode.FromStream(n), stage: framed(func(f *peers.H2, stream uint32) {
				beginOK(f, stream)
				_ = f.WriteRSTStream(stream, code)
			})},
		)
		unanswered := scene{name: fmt.Sprintf("the server resets the stream with %d instead of answering", n), want: errcode.FromStream(n), stage: framed(resettingEach(code))}
		switch n {
		case protocolError: // only net/http tries again
			unanswered.late, unanswered.std, unanswered.or, unanswered.xnet, unanswered.why = true, errcode.RequestTimeout, errcode.DialTimeout, unanswered.want, againAlone
		case refusal:
			unanswered.late, unanswered.std, unanswered.why = true, errcode.RequestTimeout, againAlone
		}
		all = append(all, unanswered)
	}
	return all
}

// resettingEach is the reaction of a server that resets each stream.
func resettingEach(code http2.ErrCode) reaction {
	return func(f *peers.H2, stream uint32) {
		for ; stream != 0; stream = f.Request() {
			_ = f.WriteRSTStream(stream, code)
		}
	}
}

// resendScenes are GOAWAY frames that do not cover the request: the server has not
// processed it.
func resendScenes() []scene {
	const calm = http2.ErrCodeEnhanceYourCalm
	uncovered := func(code http2.ErrCode, before ...reaction) func(t lab) transport.Config {
		return framed(func(f *peers.H2, stream uint32) {
			for _, react := range before {
				react(f, stream)
			}
			_ = f.WriteGoAway(0, code, nil)
		})
	}
	reused := func(code http2.ErrCode) func(t lab) transport.Config {
		return framed(func(f *peers.H2, stream uint32) {
			answerOK(f, stream)
			f.Request()
			_ = f.WriteGoAway(stream, code, nil)
		})
	}
	return []scene{
		{name: "GOAWAY 0 covers no request, on each connection", want: errcode.FromGoAway(0), late: true, std: errcode.RequestTimeout, or: errcode.DialTimeout, why: againAlone, stage: uncovered(0)},
		{name: "GOAWAY 11 does not cover the first request", want: errcode.FromGoAway(uint32(calm)), std: errcode.General, why: clientText, stage: uncovered(calm)},
		{name: "GOAWAY 0 does not cover a later request", want: errcode.OK, act: again, stage: reused(0)},
		{name: "GOAWAY 11 does not cover a later request", want: errcode.FromGoAway(uint32(calm)), std: errcode.OK, why: onceMore, act: again, stage: reused(calm)},
		{name: "GOAWAY 0 does not cover a request that is being answered", want: errcode.FromGoAway(0), std: errcode.General, why: clientText, stage: uncovered(0, beginOK)},
		{name: "GOAWAY 11 does not cover a request that is being answered", want: errcode.FromGoAway(uint32(calm)), std: errcode.General, why: clientText, stage: uncovered(calm, beginOK)},
	}
}

package errcode_test

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// Reasons for a difference: net/http does not say whether our own side ended a request, or
// which of its timeouts did.
const (
	causeAlone = "net/http returns the cause of the context instead of its error"
	causeFirst = "net/http returns the cause of the context until it has a connection, and then its error"
	twoTimers  = "net/http returns the error of the dial or of the context, whichever timer is first"
)

var errOperator = errors.New("the operator changed his mind")

// contextScenes are requests cancelled by our own side, in each phase, and requests that
// time out in a phase.
func contextScenes() []scene {
	trusting := option.TLS{InsecureSkipVerify: true}
	lookUp := func(t lab) transport.Config {
		server := peers.NameServer(t, peers.SilentNames)
		return transport.Config{URL: at("http", "host.test.:9"), Dial: option.Dial{DNSServer: netip.MustParseAddrPort(server)}}
	}
	shakeHands := func(t lab) transport.Config {
		return transport.Config{URL: at("https", peer(t, peers.Silence)), TLS: trusting}
	}
	wait := plain(peers.Silence)
	read := plain(peers.InTurn(peers.Saying(ok+"Content-Length: 9\r\n\r\nshort"), peers.Silence))
	waitForFrames := func(t lab) transport.Config { return overFrames(t, settings, fallSilent) }
	all := []scene{
		{name: "the time of the request ends during the look-up", want: errcode.DNSTimeout, std: errcode.RequestTimeout, or: errcode.DNSTimeout, why: twoTimers, late: true, stage: lookUp},
		{name: "the time of the request ends within the body", want: errcode.RequestTimeout, late: true, stage: read},
		{name: "the time of the request ends before an answer of HTTP/2", want: errcode.RequestTimeout, late: true, stage: waitForFrames},
		{name: "the request is cancelled while it waits over HTTP/2", want: errcode.Cancelled, act: cancelled(briefly, nil), stage: waitForFrames},
		{name: "the request is cancelled for a cause over HTTP/2", want: errcode.Cancelled, std: errcode.General, or: errcode.Cancelled, why: causeFirst, act: cancelled(briefly, errOperator), stage: waitForFrames},
		{name: "the request is cancelled before it begins", want: errcode.Cancelled, act: cancelled(0, nil), stage: wait},
		{name: "the request is cancelled for a cause before it begins", want: errcode.Cancelled, std: errcode.General, why: causeAlone, act: cancelled(0, errOperator), stage: wait},
	}
	for _, c := range []struct {
		when  string
		stage func(t lab) transport.Config
	}{
		{"during the look-up", lookUp},
		{"during the handshake", shakeHands},
		{"while it waits", wait},
		{"within the body", read},
	} {
		all = append(
			all,
			scene{name: "the request is cancelled " + c.when, want: errcode.Cancelled, act: cancelled(briefly, nil), stage: c.stage},
			scene{name: "the request is cancelled for a cause " + c.when, want: errcode.Cancelled, std: errcode.General, why: causeAlone, act: cancelled(briefly, errOperator), stage: c.stage},
		)
	}
	return all
}

// cancelled is an act with a context cancelled after a while, for a cause if there is one.
func cancelled(after time.Duration, cause error) func(t lab, e engine) (errcode.Code, error) {
	return func(t lab, e engine) (errcode.Code, error) {
		ctx, cancel := context.WithCancelCause(t.Context())
		if after == 0 {
			cancel(cause)
		}
		defer time.AfterFunc(after, func() { cancel(cause) }).Stop()
		return e.do(ctx, patience)
	}
}

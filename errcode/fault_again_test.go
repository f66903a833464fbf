package errcode_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/transport"
)

// signedFaults are failures of net/http. They get the prober's code once the caller adds
// whether the connection was reused, and how its context ended.
func signedFaults() []fault {
	return []fault{
		{name: "the server closes a reused connection, with the place that a trace tells", want: errcode.ClosedReused, fail: func(t lab) error {
			return postTwice(t, peers.HangUp)
		}},
		{name: "the server resets a reused connection, with the place that a trace tells", want: errcode.ClosedReused, fail: func(t lab) error {
			return postTwice(t, peers.ResetAfterRequest)
		}},
		{name: "the server closes within the header on a reused connection, with the place that a trace tells", want: errcode.ClosedInHeaders, fail: func(t lab) error {
			return postTwice(t, peers.Saying(ok+"Server: x\r\n"))
		}},
		{name: "the request is cancelled for a cause, joined with the error of the context", want: errcode.Cancelled, fail: func(t lab) error {
			ctx, cancel := context.WithCancelCause(t.Context())
			defer time.AfterFunc(briefly, func() { cancel(errOperator) }).Stop()
			return errors.Join(ctxGet(ctx, t), ctx.Err())
		}},
		{name: "the time of the context ends with a cause", want: errcode.General, fail: func(t lab) error {
			ctx, cancel := context.WithTimeoutCause(t.Context(), briefly, errOperator)
			defer cancel()
			return ctxGet(ctx, t)
		}},
		{name: "the time of the context ends with a cause, joined with the error of the context", want: errcode.RequestTimeout, fail: func(t lab) error {
			ctx, cancel := context.WithTimeoutCause(t.Context(), briefly, errOperator)
			defer cancel()
			return errors.Join(ctxGet(ctx, t), ctx.Err())
		}},
		{name: "the server refuses a stream whose content cannot be sent again", want: errcode.General, fail: func(t lab) error {
			protocols := new(http.Protocols)
			protocols.SetUnencryptedHTTP2(true)
			return postStream(t, &http.Transport{Protocols: protocols}, "http://"+peer(t, serveFrames(settings, resettingEach(http2.ErrCodeRefusedStream))))
		}},
		{name: "the server refuses a stream whose content cannot be sent again, seen by x/net/http2", want: errcode.General, fail: func(t lab) error {
			return postStream(t, &http2.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, "https://"+peer(t, peers.Within(peers.Showing(certs.Issue(nil), "h2"), serveFrames(settings, resettingEach(http2.ErrCodeRefusedStream)))))
		}},
		{name: "a PING of net/http goes unanswered", want: errcode.General, fail: func(t lab) error {
			protocols := new(http.Protocols)
			protocols.SetUnencryptedHTTP2(true)
			tr := &http.Transport{Protocols: protocols, HTTP2: &http.HTTP2Config{SendPingTimeout: briefly, PingTimeout: briefly}}
			return get(t, tr, "http://"+peer(t, func(c net.Conn) {
				peers.NewH2(c).Greet()
				peers.Silence(c)
			}))
		}},
	}
}

// ctxGet returns the error of a request to a silent peer.
func ctxGet(ctx context.Context, t lab) error {
	t.Helper()
	_, err := newStandard(t, transport.Config{Method: http.MethodGet, URL: at("http", peer(t, peers.Silence)), Dial: option.Dial{ConnectTimeout: patience}}).do(ctx, patience)
	return err
}

// postTwice posts twice over one connection. The peer answers the first request.
// postTwice returns the error of the second request with its place, as [httptrace]
// reports it.
func postTwice(t lab, then peers.Script) error {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	url := "http://" + peer(t, func(c net.Conn) {
		peers.Saying(noBody)(c)
		then(c)
	})
	if err := post(t.Context(), tr, url); err != nil {
		return err
	}
	place := errcode.PhaseError{Phase: errcode.PhaseProcessing}
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GotConn:              func(info httptrace.GotConnInfo) { place.Reused = info.Reused },
		GotFirstResponseByte: func() { place.InHeader = true },
	})
	place.Err = post(ctx, tr, url)
	return &place
}

func post(ctx context.Context, tr http.RoundTripper, url string) error {
	return send(ctx, &http.Client{Transport: tr}, http.MethodPost, url, strings.NewReader("content"))
}

// postStream returns the error of a request with content that can be read only once.
func postStream(t lab, tr http.RoundTripper, url string) error {
	t.Helper()
	client := &http.Client{Transport: tr}
	t.Cleanup(client.CloseIdleConnections)
	return send(t.Context(), client, http.MethodPost, url, io.NopCloser(strings.NewReader("content")))
}

package errcode_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// clientFaults are failures of net/http's client without a counterpart in the prober, or
// from packages that the prober uses too.
func clientFaults() []fault {
	return []fault{
		{name: "the client's Timeout is over while it waits", want: errcode.RequestTimeout, fail: func(t lab) error {
			return getWith(t, &http.Client{Transport: &http.Transport{}, Timeout: 50 * time.Millisecond}, "http://"+peer(t, peers.Silence))
		}},
		{name: "the client's ResponseHeaderTimeout is over", want: errcode.RequestTimeout, fail: func(t lab) error {
			return get(t, &http.Transport{ResponseHeaderTimeout: 20 * time.Millisecond}, "http://"+peer(t, peers.Silence))
		}},
		{name: "the URL cannot be parsed", want: errcode.InvalidURL, fail: func(t lab) error {
			return get(t, &http.Transport{}, "http://[::1/")
		}},
		{name: "the URL has a bad escape", want: errcode.InvalidURL, fail: func(lab) error {
			_, err := url.PathUnescape("%zz")
			return err
		}},
		{name: "a response has no Location", want: errcode.RedirectLocation, fail: func(t lab) error {
			_, err := (&http.Response{Header: http.Header{}}).Location()
			return err
		}},
		{name: "a malformed trailer is read in a phase", want: errcode.Trailers, fail: func(t lab) error {
			return in(errcode.PhaseTransfer, get(t, &http.Transport{}, "http://"+peer(t, peers.Saying(chunked+"0\r\ngarbage\r\n\r\n"))))
		}},
		{name: "the body is above the reader's limit", want: errcode.BodyLimit, fail: func(lab) error {
			_, err := io.ReadAll(http.MaxBytesReader(nil, io.NopCloser(strings.NewReader("long")), 3))
			return err
		}},
		{name: "net/http refuses a feature of the protocol", want: errcode.HTTP1, fail: func(lab) error {
			_, err := (&http.Request{Header: http.Header{}}).MultipartReader()
			return err
		}},
	}
}

// get returns the error of a request by a client of its own.
func get(t lab, transport *http.Transport, url string) error {
	t.Helper()
	return getWith(t, &http.Client{Transport: transport}, url)
}

func getWith(t lab, client *http.Client, url string) error {
	t.Helper()
	t.Cleanup(client.CloseIdleConnections)
	return send(t.Context(), client, http.MethodGet, url, http.NoBody)
}

// send returns the error of a request or of reading the response's body.
func send(ctx context.Context, client *http.Client, method, url string, content io.Reader) error {
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

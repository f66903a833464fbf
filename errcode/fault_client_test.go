package errcode_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"example.com/prober/errcode"
)

// why net/http cannot tell some failures.
const (
	clientText    = "net/http returns a bare text"
	clientContext = "net/http returns the error of the context or of its own timer, without the phase"
)

// clientFaults are failures of net/http's client before a response begins.
func clientFaults() []fault {
	return []fault{
		{name: "the client's context is cancelled", want: errcode.Cancelled, fail: func(t lab) error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return getWith(ctx, t, &http.Client{Transport: &http.Transport{}}, "http://"+peer(t, silence))
		}},
		{name: "the client finds a closed port", want: errcode.Refused, fail: func(t lab) error {
			return get(t, &http.Transport{}, "http://"+closedPort(t))
		}},
		{name: "the client's Timeout is over while it waits", want: errcode.RequestTimeout, fail: func(t lab) error {
			return getWith(t.Context(), t, &http.Client{Transport: &http.Transport{}, Timeout: 50 * time.Millisecond}, "http://"+peer(t, silence))
		}},
		{name: "the client's ResponseHeaderTimeout is over", want: errcode.RequestTimeout, fail: func(t lab) error {
			return get(t, &http.Transport{ResponseHeaderTimeout: 20 * time.Millisecond}, "http://"+peer(t, silence))
		}},
		{
			name: "the client's deadline is over during the TLS handshake", want: errcode.RequestTimeout,
			fail: func(t lab) error {
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond) // time enough to connect
				defer cancel()
				return getWith(ctx, t, &http.Client{Transport: &http.Transport{}}, "https://"+peer(t, silence))
			},
			prober: errcode.TLSTimeout, why: clientContext,
		},
		{name: "the URL cannot be parsed", want: errcode.InvalidURL, fail: func(t lab) error {
			return get(t, &http.Transport{}, "http://[::1/")
		}},
		{name: "the URL has a bad escape", want: errcode.InvalidURL, fail: func(lab) error {
			_, err := url.PathUnescape("%zz")
			return err
		}},
		{name: "the URL has no scheme that the client knows", want: errcode.InvalidURL, fail: func(t lab) error {
			return get(t, &http.Transport{}, "gopher://host.test/")
		}},
		{name: "the URL has no host", want: errcode.InvalidURL, fail: func(t lab) error {
			return get(t, &http.Transport{}, "http:///path")
		}},
		{name: "the URL has an impossible port", want: errcode.InvalidURL, fail: func(t lab) error {
			return get(t, &http.Transport{}, "http://127.0.0.1:99999/")
		}},
		{name: "the proxy cannot be reached", want: errcode.ProxyConnect, fail: func(t lab) error {
			return get(t, through("http", closedPort(t)), "https://host.test/")
		}},
		{name: "the proxy has a bad certificate", want: errcode.ProxyConnect, fail: func(t lab) error {
			return get(t, through("https", peer(t, answer("HTTP/1.1 400 Bad Request\r\n\r\n"))), "https://host.test/")
		}},
		{
			name: "the proxy refuses CONNECT", want: errcode.General,
			fail: func(t lab) error {
				return get(t, through("http", peer(t, answer("HTTP/1.1 403 Forbidden\r\n\r\n"))), "https://host.test/")
			},
			prober: errcode.ProxyRefused, why: clientText,
		},
		{name: "the SOCKS proxy refuses", want: errcode.ProxySocks, fail: func(t lab) error {
			return get(t, through("socks5", peer(t, answer("\x05\xff"))), "http://host.test/")
		}},
		{name: "a redirect has no location", want: errcode.RedirectLocation, fail: func(t lab) error {
			_, err := (&http.Response{Header: http.Header{}}).Location()
			return err
		}},
		{
			name: "a redirect has a malformed location", want: errcode.General,
			fail: func(t lab) error {
				return get(t, &http.Transport{}, "http://"+peer(t, answer("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n")))
			},
			prober: errcode.RedirectLocation, why: clientText,
		},
		{
			name: "redirects go in a circle", want: errcode.General,
			fail:   func(t lab) error { return get(t, &http.Transport{}, circle(t)) },
			prober: errcode.RedirectLimit, why: clientText,
		},
	}
}

func through(scheme, proxy string) *http.Transport {
	return &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: scheme, Host: proxy})}
}

func circle(t lab) string {
	s := httptest.NewServer(http.RedirectHandler("/", http.StatusFound))
	t.Cleanup(s.Close)
	return s.URL
}

// get returns the error of a request or of reading the response's body.
func get(t lab, transport *http.Transport, url string) error {
	t.Helper()
	return getWith(t.Context(), t, &http.Client{Transport: transport}, url)
}

func getWith(ctx context.Context, t lab, client *http.Client, url string) error {
	t.Helper()
	t.Cleanup(client.CloseIdleConnections)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
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

// responseFaults are broken responses, read by net/http's client.
func responseFaults() []fault {
	const ok = "HTTP/1.1 200 OK\r\n"
	const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n"
	const noPhase = "without a phase the place of a malformed line or an end of stream is not known"
	cases := []struct {
		name   string
		want   errcode.Code
		text   string
		prober errcode.Code
		why    string
	}{
		{"the server closes without an answer", errcode.Closed, "", 0, ""},
		{"the server closes within the header", errcode.ClosedInHeaders, ok + "Server: x\r\n", 0, ""},
		{
			"the server closes within a line of the header", errcode.HTTP1Header, ok + "Serv", errcode.ClosedInHeaders,
			"net/http takes the part of a line for a malformed one",
		},
		{"the server closes within the body", errcode.Truncated, ok + "Content-Length: 9\r\n\r\nshort", 0, ""},
		{"the server closes within a chunk", errcode.Truncated, chunked + "9\r\nshort", 0, ""},
		{"the status line is garbage", errcode.General, "garbage\r\n\r\n", errcode.HTTP1StatusLine, clientText},
		{"the version is unknown", errcode.General, "HTTP/9 200 OK\r\n\r\n", errcode.HTTP1Version, clientText},
		{"the header has a line without a colon", errcode.HTTP1Header, ok + "garbage\r\n\r\n", 0, ""},
		{"the header is too large", errcode.General, ok + strings.Repeat("A: b\r\n", 1<<12), errcode.HTTP1HeaderSize, clientText},
		{"the content length is garbage", errcode.General, ok + "Content-Length: x\r\n\r\n", errcode.HTTP1ContentLength, clientText},
		{"the transfer encoding is unknown", errcode.HTTP1TransferEncoding, ok + "Transfer-Encoding: x\r\n\r\n", 0, ""},
		{"a chunk's size is garbage", errcode.General, chunked + "zz\r\n", errcode.HTTP1Chunk, clientText},
		{"a chunk's line is too long", errcode.HTTP1Chunk, chunked + "1;" + strings.Repeat("x", 1<<13) + "\r\n", 0, ""},
		{"a trailer has no colon", errcode.HTTP1Header, chunked + "0\r\ngarbage\r\n\r\n", errcode.Trailers, noPhase},
		{"the server closes within the trailers", errcode.General, chunked + "0\r\n", errcode.Truncated, clientText},
		{"the body is no gzip", errcode.Decompression, ok + "Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\nabcdefghijabcdefghij", 0, ""},
	}
	all := moreResponseFaults()
	for _, c := range cases {
		all = append(all, fault{name: c.name, want: c.want, prober: c.prober, why: c.why, fail: func(t lab) error {
			return get(t, &http.Transport{MaxResponseHeaderBytes: 1 << 13}, "http://"+peer(t, answer(c.text)))
		}})
	}
	return all
}

func moreResponseFaults() []fault {
	return []fault{
		{name: "the server resets instead of answering", want: errcode.Reset, fail: func(t lab) error {
			return get(t, &http.Transport{}, "http://"+peer(t, reset))
		}},
		{name: "a malformed trailer is read in a phase", want: errcode.Trailers, fail: func(t lab) error {
			return in(errcode.PhaseTransfer, get(t, &http.Transport{}, "http://"+
				peer(t, answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\ngarbage\r\n\r\n"))))
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

package errcode_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/transport"
)

const (
	// patience is the time of a request that must not time out.
	patience = 2 * time.Minute
	// briefly is the time of a step that must time out. waiting is the time of a request
	// that must time out after its connection is made.
	briefly = 100 * time.Millisecond
	waiting = 2 * time.Second
)

// engine is an HTTP client under test in a scene.
type engine interface {
	// do sends one request, bounded by within, and returns the code of the error or else of
	// the status.
	do(ctx context.Context, within time.Duration) (errcode.Code, error)
}

// own is the prober's transport.
type own struct {
	*transport.Transport
	broken error // why there is no transport
}

func newOwn(t lab, cfg transport.Config) engine {
	t.Helper()
	tr, err := transport.New(cfg)
	if err == nil {
		t.Cleanup(tr.Abort)
	}
	return own{tr, err}
}

func (e own) do(ctx context.Context, within time.Duration) (errcode.Code, error) {
	if e.broken != nil {
		return errcode.FromError(e.broken), e.broken
	}
	var r probe.Result
	now := probe.Now()
	r.Reset(now, now.Add(within))
	// Requests under way end as they do when the daemon gives them up.
	stop := context.AfterFunc(ctx, e.Abort)
	defer stop()
	e.Do(ctx, &r)
	if r.Err != nil {
		return errcode.FromError(r.Err), r.Err
	}
	return errcode.FromStatus(r.HTTP.Status), nil
}

// standard is the client of net/http, configured to do the same.
type standard struct {
	http.Client
	method, url string
	body        func() io.Reader
	timed       bool // Timeout bounds the request, instead of the context
}

func newStandard(t lab, cfg transport.Config) *standard {
	t.Helper()
	tr := &http.Transport{
		DialContext:            dialerOf(cfg),
		TLSHandshakeTimeout:    cfg.TLSTimeout,
		TLSClientConfig:        tlsConfigOf(cfg.TLS),
		Protocols:              protocolsOf(cfg.HTTPVersion),
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     len(cfg.Compression) == 0,
	}
	if cfg.Proxy.URL != nil {
		tr.Proxy = http.ProxyURL(cfg.Proxy.URL)
	}
	return standardOver(t, tr, cfg)
}

// newXNet returns the client of net/http with the HTTP/2 of golang.org/x/net/http2.
func newXNet(t lab, cfg transport.Config) *standard {
	t.Helper()
	tr := &http2.Transport{TLSClientConfig: tlsConfigOf(cfg.TLS), MaxHeaderListSize: 64 << 10, DisableCompression: len(cfg.Compression) == 0}
	if cfg.HTTPVersion == option.H2C {
		tr.AllowHTTP = true
		tr.DialTLSContext = func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
			return dialerOf(cfg)(ctx, network, address)
		}
	}
	return standardOver(t, tr, cfg)
}

func standardOver(t lab, tr http.RoundTripper, cfg transport.Config) *standard {
	t.Helper()
	e := &standard{method: cfg.Method, url: cfg.URL.String(), body: func() io.Reader { return strings.NewReader(string(cfg.Body)) }}
	e.Transport = tr
	t.Cleanup(e.CloseIdleConnections)
	if cfg.FollowRedirects == 0 {
		e.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return e
}

func (e *standard) do(ctx context.Context, within time.Duration) (errcode.Code, error) {
	if e.timed {
		e.Timeout = within
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, within)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, e.method, e.url, e.body())
	if err != nil {
		return errcode.FromError(err), err
	}
	resp, err := e.Do(req)
	if err != nil {
		return errcode.FromError(err), err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return errcode.FromError(err), err
	}
	return errcode.FromStatus(resp.StatusCode), nil
}

// dialerOf returns a dialer that resolves and connects as cfg says.
func dialerOf(cfg transport.Config) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: cfg.ConnectTimeout}
	if cfg.DNSServer.IsValid() {
		d.Resolver = resolver("", cfg.DNSServer.String())
	}
	if cfg.SourceAddress.IsValid() {
		d.LocalAddr = &net.TCPAddr{IP: cfg.SourceAddress.AsSlice()}
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if cfg.IPVersion == option.OnlyIPv6 {
			network = "tcp6"
		}
		return d.DialContext(ctx, network, address)
	}
}

func tlsConfigOf(o option.TLS) *tls.Config {
	cfg := &tls.Config{
		ServerName: o.ServerName, InsecureSkipVerify: o.InsecureSkipVerify,
		MinVersion: o.MinVersion, MaxVersion: o.MaxVersion,
	}
	if len(o.CA) > 0 {
		cfg.RootCAs = x509.NewCertPool()
		cfg.RootCAs.AppendCertsFromPEM(o.CA)
	}
	if len(o.Cert) > 0 {
		pair, err := tls.X509KeyPair(o.Cert, o.Key)
		if err != nil {
			panic(err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg
}

func protocolsOf(v option.HTTPVersion) *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(v == option.OnlyHTTP11 || v.IsAuto())
	p.SetHTTP2(v == option.OnlyHTTP2 || v.IsAuto())
	p.SetUnencryptedHTTP2(v == option.H2C)
	return p
}

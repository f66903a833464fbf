package transport

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

const (
	// patience is how long a test waits for what is certain to come.
	patience = 2 * time.Minute
	// briefly and amply are how long it waits for what does not come: briefly if nothing
	// else has to happen before, amply if a peer has to be heard.
	briefly = 300 * time.Millisecond
	amply   = 2 * time.Second
)

// tlsVersions differ in the moment a certificate is seen.
var tlsVersions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

// newTransport completes cfg for tests and closes idle connections at their end.
func newTransport(t testing.TB, cfg Config) *Transport {
	t.Helper()
	tr, err := New(completed(cfg))
	require.NoError(t, err)
	t.Cleanup(func() {
		tr.CloseIdle()
		tr.Wait()
	})
	return tr
}

// completed fills in the values tests leave out.
func completed(cfg Config) Config {
	if cfg.Method == "" {
		cfg.Method = "GET"
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = patience
	}
	if cfg.TLSTimeout == 0 {
		cfg.TLSTimeout = patience
	}
	if cfg.Clock == "" {
		cfg.Clock = option.KernelClock // as in a configuration
	}
	return cfg
}

// do performs one request, due now.
func do(tr *Transport, timeout time.Duration) *probe.Result {
	r := new(probe.Result)
	again(context.Background(), tr, r, timeout)
	return r
}

// again is do with a context, and with a result that may have been used before.
func again(ctx context.Context, tr *Transport, r *probe.Result, timeout time.Duration) {
	now := probe.Now()
	r.Reset(now, now.Add(timeout))
	tr.Do(ctx, r)
}

// serve starts a server of net/http and returns its root.
func serve(t testing.TB, over peers.Wire, h http.HandlerFunc) *url.URL {
	t.Helper()
	return peers.Serve(t, over, h).Root()
}

// playing greets a client of HTTP/2 with settings and goes on with play.
func playing(play func(p *peers.H2), settings ...http2.Setting) peers.Script {
	return func(c net.Conn) {
		p := peers.NewH2(c)
		p.Greet(settings...)
		play(p)
	}
}

// allAtOnce performs requests at the same time, so they also wait at the same time, and
// returns their results.
func allAtOnce(requests map[string]func() *probe.Result) map[string]*probe.Result {
	var mu sync.Mutex
	var performing sync.WaitGroup
	results := make(map[string]*probe.Result, len(requests))
	for name, perform := range requests {
		performing.Go(func() {
			r := perform()
			mu.Lock()
			defer mu.Unlock()
			results[name] = r
		})
	}
	performing.Wait()
	return results
}

// codeOf does what a verdict without expectations does.
func codeOf(r *probe.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	return errcode.FromStatus(r.HTTP.Status)
}

// answeringTLS answers the requests of HTTP/1 within TLS.
func answeringTLS(cfg *tls.Config) peers.Script {
	return peers.Within(cfg, peers.Answering(peers.OKAnswer))
}

func addresses(texts ...string) (all []netip.Addr) {
	for _, text := range texts {
		all = append(all, netip.MustParseAddr(text))
	}
	return all
}

func prefixes(text string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(text)} }

// elsewhere is an address of this host besides 127.0.0.1.
const elsewhere = "127.0.0.77"

// needElsewhere skips a test if the system has only one loopback address.
func needElsewhere(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", elsewhere+":0")
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	_ = ln.Close()
}

// swallow is an address that never accepts a connection.
func swallow(t *testing.T, at netip.AddrPort) netip.AddrPort {
	t.Helper()
	full, can := peers.Swallow(t, at)
	if !can {
		t.Skip("the queue of a listener cannot be filled here")
	}
	return full
}

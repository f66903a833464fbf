package transport

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// How long a test waits for something that does not happen: briefly where
// nothing else has to happen before, amply where a peer has to be heard first.
const (
	briefly = 300 * time.Millisecond
	amply   = 2 * time.Second
)

func addresses(texts ...string) []netip.Addr {
	addrs := make([]netip.Addr, len(texts))
	for i, text := range texts {
		addrs[i] = netip.MustParseAddr(text)
	}
	return addrs
}

// needElsewhere skips a test where the system has only one loopback address.
func needElsewhere(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", elsewhere+":0")
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	_ = ln.Close()
}

// allAtOnce performs requests at the same time, so that those that wait do so
// together, and returns what each came to.
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

// unused returns an address of 127.0.0.1 at which nobody listens, nor will as long
// as the test runs: it is the local end of a connection.
func unused(t *testing.T) string {
	t.Helper()
	p := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	c, err := net.Dial("tcp", p.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

// named returns the URL of p with a name in place of its address.
func named(t testing.TB, p *peer, host string) *url.URL {
	t.Helper()
	_, port, err := net.SplitHostPort(p.Addr().String())
	require.NoError(t, err)
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/"}
}

// codeOf does what a verdict without expectations does.
func codeOf(r *probe.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	return errcode.FromStatus(r.HTTP.Status)
}

// versions are the versions of TLS that differ in when a certificate is seen.
var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

const text = "a body that says the same again, a body that says the same again"

// compressed returns body in the given codings, applied in that order.
func compressed(t testing.TB, body string, codings ...string) string {
	t.Helper()
	for _, c := range codings {
		var b bytes.Buffer
		var w io.WriteCloser
		switch c {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "zlib":
			w = zlib.NewWriter(&b)
		case "flate":
			w, _ = flate.NewWriter(&b, flate.DefaultCompression)
		case "br":
			w = brotli.NewWriter(&b)
		case "zstd":
			w, _ = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		case "br with the largest window":
			w = brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: 5, LGWin: 24})
		case "zstd with the largest window":
			w, _ = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
		}
		_, err := io.WriteString(w, body)
		require.NoError(t, err)
		require.NoError(t, w.Close())
		body = b.String()
	}
	return body
}

const okAnswer = "HTTP/1.1 200 OK\r\nServer: peer\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

// elsewhere is an address of this host besides 127.0.0.1.
const elsewhere = "127.0.0.77"

func failing(rcode dnsmessage.RCode) dnsAnswer { return dnsAnswer{rcode: rcode, rcode6: rcode} }

package lab

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
	Briefly = 300 * time.Millisecond
	Amply   = 2 * time.Second
)

func Addresses(texts ...string) []netip.Addr {
	addrs := make([]netip.Addr, len(texts))
	for i, text := range texts {
		addrs[i] = netip.MustParseAddr(text)
	}
	return addrs
}

// NeedElsewhere skips a test where the system has only one loopback address.
func NeedElsewhere(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", Elsewhere+":0")
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	_ = ln.Close()
}

// AllAtOnce performs requests at the same time, so that those that wait do so
// together, and returns what each came to.
func AllAtOnce(requests map[string]func() *probe.Result) map[string]*probe.Result {
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

// Unused returns an address of 127.0.0.1 at which nobody listens, nor will as long
// as the test runs: it is the local end of a connection.
func Unused(t *testing.T) string {
	t.Helper()
	p := Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	c, err := net.Dial("tcp", p.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

// Named returns the URL of p with a name in place of its address.
func Named(t testing.TB, p *Peer, host string) *url.URL {
	t.Helper()
	_, port, err := net.SplitHostPort(p.Addr().String())
	require.NoError(t, err)
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/"}
}

// CodeOf does what a verdict without expectations does.
func CodeOf(r *probe.Result) errcode.Code {
	if r.Err != nil {
		return errcode.FromError(r.Err)
	}
	return errcode.FromStatus(r.HTTP.Status)
}

// Versions are the versions of TLS that differ in when a certificate is seen.
var Versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

func Prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

const Text = "a body that says the same again, a body that says the same again"

// Compressed returns body in the given codings, applied in that order.
func Compressed(t testing.TB, body string, codings ...string) string {
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

const OKAnswer = "HTTP/1.1 200 OK\r\nServer: peer\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

// Elsewhere is an address of this host besides 127.0.0.1.
const Elsewhere = "127.0.0.77"

func Failing(rcode dnsmessage.RCode) DnsAnswer { return DnsAnswer{Rcode: rcode, Rcode6: rcode} }

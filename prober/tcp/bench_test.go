package tcp

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// The benchmarks compare a request with a plain loop that dials and closes, one at a time.

func BenchmarkConnection(b *testing.B) {
	p := peers.Listen(b, peers.Silence)
	benchmarkEngine(b, wire.Plan{URL: at("tcp", p.Address())})
}

func BenchmarkConnectionPlainLoop(b *testing.B) {
	p := peers.Listen(b, peers.Silence)
	b.ReportAllocs()
	for b.Loop() {
		c, err := net.Dial("tcp", p.Address())
		require.NoError(b, err)
		_ = c.Close()
	}
}

func BenchmarkHandshake(b *testing.B) {
	cert := certs.Issue(nil)
	p := peers.Listen(b, peers.Within(peers.Showing(cert), peers.Silence))
	benchmarkEngine(b, wire.Plan{URL: at("tls", p.Address()), TLS: option.TLS{CA: certs.PEM(cert)}})
}

func BenchmarkHandshakePlainLoop(b *testing.B) {
	cert := certs.Issue(nil)
	p := peers.Listen(b, peers.Within(peers.Showing(cert), peers.Silence))
	cfg := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	cfg.RootCAs.AddCert(cert.Leaf)
	b.ReportAllocs()
	for b.Loop() {
		c, err := tls.Dial("tcp", p.Address(), cfg)
		require.NoError(b, err)
		_ = c.Close()
	}
}

func benchmarkEngine(b *testing.B, p wire.Plan) {
	b.Helper()
	p.ConnectTimeout, p.TLSTimeout = patience, patience
	e, err := New(Config{Plan: p})
	require.NoError(b, err)
	var r probe.Result
	b.ReportAllocs()
	for b.Loop() {
		now := probe.Now()
		r.Reset(now, now.Add(patience))
		if e.Do(b.Context(), &r); e.Code(&r) != errcode.OK {
			b.Fatal(r.Err)
		}
	}
}

package transport

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/wire"
)

// asName returns the root of a server with a name in place of its address.
func asName(server *peers.QUIC, name string) *url.URL {
	u := *server.URL()
	u.Host = net.JoinHostPort(name, u.Port())
	return &u
}

func TestHTTP3IsDialledAsTheOthersAre(t *testing.T) {
	t.Parallel()
	needElsewhere(t)
	from := make(chan string, 1)
	server := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
		p.Greet()
		s := p.Request()
		from <- p.RemoteAddr().String()
		p.Answer(s)
	})
	// At the same port of another address somebody listens and says nothing.
	silent := peers.PacketsAt(t, net.JoinHostPort(elsewhere, server.URL().Port()), func([]byte) []byte { return nil })
	zone := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"127.0.0.1"}}})
	for name, tt := range map[string]struct {
		url  *url.URL
		dial option.Dial
		from string // the start of the address the server sees
	}{
		"an address":                         {url: server.URL(), from: "127.0.0.1:"},
		"a given address":                    {url: asName(server, "name.test"), dial: option.Dial{Resolve: addresses("127.0.0.1")}, from: "127.0.0.1:"},
		"a name":                             {url: asName(server, "name.test"), dial: option.Dial{DNSServer: zone.Address}, from: "127.0.0.1:"},
		"the address after one that refuses": {url: asName(server, "name.test"), dial: option.Dial{Resolve: addresses("127.0.0.78", "127.0.0.1")}, from: "127.0.0.1:"},
		"the address after one that is silent": {
			url: asName(server, "name.test"), dial: option.Dial{Resolve: addresses(elsewhere, "127.0.0.1"), ConnectTimeout: amply}, from: "127.0.0.1:",
		},
		"from a source address": {url: server.URL(), dial: option.Dial{SourceAddress: netip.MustParseAddr(elsewhere)}, from: elsewhere + ":"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: they share from
			tr := newTransport(t, Config{URL: tt.url, HTTPVersion: option.OnlyHTTP3, Dial: tt.dial, TLS: option.TLS{CA: server.CA()}})
			r := do(tr, patience)
			require.NoError(t, r.Err)
			assertPhasesAddUp(t, r)
			assert.Contains(t, <-from, tt.from)
			assert.Equal(t, "127.0.0.1", r.Remote.Addr().String())
			for _, p := range []errcode.Phase{errcode.PhaseConnect, errcode.PhaseTLS, errcode.PhaseSend, errcode.PhaseProcessing, errcode.PhaseTransfer} {
				_, seen := r.Phase(p)
				assert.True(t, seen, p)
			}
		})
	}
	assert.Equal(t, net.JoinHostPort(elsewhere, server.URL().Port()), silent)
}

func TestThePolicyHoldsForHTTP3(t *testing.T) {
	t.Parallel()
	server := peers.ListenQUIC(t, peers.Settings{}, (*peers.H3).Serve)
	for name, tt := range map[string]struct {
		cfg  Config
		code errcode.Code
	}{
		"an address that is denied": {Config{URL: server.URL()}, errcode.BlockedIP},
		"a given address":           {Config{URL: asName(server, "name.test"), Dial: option.Dial{Resolve: addresses("127.0.0.1")}}, errcode.BlockedIP},
		"a host that is denied":     {Config{URL: asName(server, "a.prod.test"), Dial: option.Dial{Resolve: addresses("127.0.0.1")}}, errcode.BlockedHost},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.cfg.HTTPVersion, tt.cfg.TLS.CA = option.OnlyHTTP3, server.CA()
			tt.cfg.Rules.Deny, tt.cfg.Rules.DenyHosts = prefixes("127.0.0.0/8"), []string{"*.prod.test"}
			r := do(newTransport(t, tt.cfg), patience)
			assert.Equal(t, tt.code, codeOf(r), "%v", r.Err)
			assert.Zero(t, server.Connections())
		})
	}
}

func TestHTTP3IsRefusedWhereItCannotBe(t *testing.T) {
	t.Parallel()
	secure, plain := &url.URL{Scheme: "https", Host: "a.test"}, &url.URL{Scheme: "http", Host: "a.test"}
	for name, cfg := range map[string]Config{
		"HTTP/3 needs https":                     {URL: plain},
		"HTTP/3 cannot go through a proxy":       {URL: secure, Proxy: wire.ProxyOptions{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}}},
		"which the highest TLS version excludes": {URL: secure, TLS: option.TLS{MaxVersion: tls.VersionTLS12}},
		"early data is for safe methods only":    {URL: secure, Method: "POST", TLS: option.TLS{SessionResumption: true, EarlyData: true}},
	} {
		cfg.HTTPVersion = option.OnlyHTTP3
		_, err := New(cfg)
		assert.ErrorContains(t, err, name)
	}
}

func TestCertificatesOverHTTP3(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	client := certs.Issue(&ca, certs.ForClients)
	known := x509.NewCertPool()
	known.AddCert(ca.Leaf)
	serving := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	good := certs.Issue(&ca)
	demanding := serving(good)
	demanding.ClientAuth, demanding.ClientCAs = tls.RequireAndVerifyClientCert, known
	for name, tt := range map[string]struct {
		server *tls.Config
		tls    option.TLS
		code   errcode.Code
	}{
		"a good one":                     {serving(good), option.TLS{CA: certs.PEM(ca)}, errcode.OK},
		"another name":                   {serving(certs.Issue(&ca, certs.For("other.test"))), option.TLS{CA: certs.PEM(ca)}, errcode.HostnameMismatch},
		"a name that is asked for":       {serving(good), option.TLS{CA: certs.PEM(ca), ServerName: "name.test"}, errcode.OK},
		"an expired one":                 {serving(certs.Issue(&ca, certs.Lasting(-2*time.Hour, -time.Hour))), option.TLS{CA: certs.PEM(ca)}, errcode.CertExpired},
		"one of tomorrow":                {serving(certs.Issue(&ca, certs.Lasting(time.Hour, 2*time.Hour))), option.TLS{CA: certs.PEM(ca)}, errcode.CertNotYetValid},
		"one that nobody knows":          {serving(certs.Issue(nil)), option.TLS{CA: certs.PEM(ca)}, errcode.UnknownAuthority},
		"one that nobody needs to know":  {serving(certs.Issue(nil)), option.TLS{InsecureSkipVerify: true}, errcode.OK},
		"a client with a certificate":    {demanding, option.TLS{CA: certs.PEM(ca), Cert: certs.PEM(client), Key: certs.KeyPEM(client)}, errcode.OK},
		"a client without a certificate": {demanding, option.TLS{CA: certs.PEM(ca)}, errcode.AlertCertificateRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := peers.ListenQUIC(t, peers.Settings{TLS: tt.server}, func(p *peers.H3) {
				p.Greet()
				p.Serve()
			})
			tr := newTransport(t, Config{URL: server.URL(), HTTPVersion: option.OnlyHTTP3, TLS: tt.tls})
			r := do(tr, patience)
			assert.Equal(t, tt.code, codeOf(r), "%v", r.Err)
			require.NotNil(t, r.TLS, "what was shown is noted, whatever the verdict")
			assert.Equal(t, tt.server.Certificates[0].Leaf.NotAfter.Unix(), r.TLS.LeafNotAfter.Unix())
			assert.Equal(t, tt.tls.InsecureSkipVerify, r.TLS.Unverified)
			assert.Equal(t, uint16(tls.VersionTLS13), r.TLS.Version)
			assert.Same(t, r.TLS, tr.dialer.Shown())
			assertPhasesAddUp(t, r)
		})
	}
}

func TestSessionsAreResumedOverHTTP3(t *testing.T) {
	t.Parallel()
	for _, wanted := range []bool{true, false} {
		server := peers.ListenQUIC(t, peers.Settings{}, func(p *peers.H3) {
			p.Greet()
			p.Serve()
		})
		tr := newTransport(t, Config{
			URL: server.URL(), HTTPVersion: option.OnlyHTTP3, RequestsPerConnection: 2, TLS: option.TLS{CA: server.CA(), SessionResumption: wanted},
		})
		for i := range 6 {
			r := do(tr, patience)
			require.NoError(t, r.Err)
			if i%2 == 0 {
				assert.Equal(t, wanted && i > 0, r.TLS.Resumed)
			}
		}
	}
}

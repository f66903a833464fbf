package transport

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// versions are the versions of TLS that differ in when a certificate is seen.
var versions = map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13}

func TestCertificates(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	untrusted := newAuthority(t)
	alone := newAuthority(t, func(c *x509.Certificate) { c.DNSNames = []string{"name.test"} })
	constrained := ca.below(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.test"} })
	shallow := newAuthority(t, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	impostor := ca.below(t, func(c *x509.Certificate) { c.IsCA = false })
	past, future := time.Now().Add(-30*time.Minute).Truncate(time.Second), time.Now().Add(30*time.Minute).Truncate(time.Second)
	behind := func(leaf tls.Certificate, chain ...*x509.Certificate) tls.Certificate {
		for _, cert := range chain {
			leaf.Certificate = append(leaf.Certificate, cert.Raw)
		}
		return leaf
	}
	below := shallow.below(t)
	tests := map[string]struct {
		cert tls.Certificate
		code errcode.Code
	}{
		"good":             {cert: ca.issue(t)},
		"good, two levels": {cert: func() tls.Certificate { b := ca.below(t); return behind(b.issue(t), b.cert) }()},
		"expired":          {cert: ca.issue(t, func(c *x509.Certificate) { c.NotAfter = past }), code: errcode.CertExpired},
		"from the future":  {cert: ca.issue(t, func(c *x509.Certificate) { c.NotBefore = future }), code: errcode.CertNotYetValid},
		"for another name": {cert: ca.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"other.test"} }), code: errcode.HostnameMismatch},
		"with the name as its subject only": {cert: ca.issue(t, func(c *x509.Certificate) {
			c.DNSNames, c.Subject = nil, pkix.Name{CommonName: "name.test"}
		}), code: errcode.HostnameMismatch},
		"of an unknown authority": {cert: untrusted.issue(t), code: errcode.UnknownAuthority},
		"self-signed":             {cert: tls.Certificate{Certificate: [][]byte{alone.cert.Raw}, PrivateKey: alone.key}, code: errcode.UnknownAuthority},
		"without the one between": {cert: ca.below(t).issue(t), code: errcode.UnknownAuthority},
		"for clients": {cert: ca.issue(t, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}), code: errcode.CertUsage},
		"below too many authorities":                 {cert: behind(below.issue(t), below.cert), code: errcode.CertUsage},
		"for a name that its authority may not name": {cert: behind(constrained.issue(t), constrained.cert), code: errcode.CertNameConstraint},
		"with a critical extension that nobody knows": {cert: ca.issue(t, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), code: errcode.CertInvalid},
		"issued by what is no authority": {cert: behind(impostor.issue(t), impostor.cert), code: errcode.CertUsage},
	}
	roots := append(ca.pem(), shallow.pem()...)
	for name, test := range tests {
		for versionName, version := range versions {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				p := listen(t, secured(&tls.Config{
					Certificates: []tls.Certificate{test.cert},
					MaxVersion:   version,
					NextProtos:   []string{"http/1.1"},
				}))
				tr := newTransport(t, Config{URL: p.url("https"), TLS: TLSOptions{CA: roots, ServerName: "name.test"}})
				r := do(tr, patience)
				require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				if test.code != errcode.OK {
					assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
				}
				require.NotNil(t, r.TLS, "what was shown is known whatever the verdict")
				leaf, err := x509.ParseCertificate(test.cert.Certificate[0])
				require.NoError(t, err)
				assert.Equal(t, version, r.TLS.Version)
				assert.NotZero(t, r.TLS.Cipher)
				assert.Equal(t, "http/1.1", r.TLS.ALPN)
				assert.True(t, leaf.NotAfter.Equal(r.TLS.LeafNotAfter))
				assert.False(t, r.TLS.EarliestNotAfter.After(r.TLS.LeafNotAfter))
				assert.False(t, r.TLS.Unverified)
			})
		}
	}
}

func TestCertificateThatEndsFirst(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	early := time.Now().Add(10 * time.Minute).Truncate(time.Second)
	between := ca.below(t, func(c *x509.Certificate) { c.NotAfter = early })
	cert := between.issue(t)
	cert.Certificate = append(cert.Certificate, between.cert.Raw)
	p := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{cert}}))
	r := do(newTransport(t, Config{URL: p.url("https"), TLS: TLSOptions{CA: ca.pem()}}), patience)
	require.NoError(t, r.Err)
	assert.True(t, early.Equal(r.TLS.EarliestNotAfter))
	assert.True(t, cert.Leaf.NotAfter.Equal(r.TLS.LeafNotAfter))
}

func TestUnverifiedCertificate(t *testing.T) {
	t.Parallel()
	p := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(t)}}))
	r := do(newTransport(t, Config{URL: p.url("https"), TLS: TLSOptions{InsecureSkipVerify: true}}), patience)
	require.NoError(t, r.Err)
	require.NotNil(t, r.TLS)
	assert.True(t, r.TLS.Unverified)
}

func TestServerName(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert := ca.issue(t, func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, net.IPv6loopback) })
	asked := make(chan string, 1)
	p := listen(t, secured(&tls.Config{
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			asked <- hello.ServerName
			return &cert, nil
		},
	}))
	tests := map[string]struct {
		host, serverName string
		asked            string
		code             errcode.Code
	}{
		"the name of the URL":                {host: "name.test", asked: "name.test"},
		"the name of the URL with its dot":   {host: "name.test.", asked: "name.test"},
		"another name in the URL":            {host: "other.test", asked: "other.test", code: errcode.HostnameMismatch},
		"the name that is configured":        {host: "other.test", serverName: "name.test", asked: "name.test"},
		"an address is not sent":             {host: "127.0.0.1"},
		"an IPv6 address is not sent":        {host: "::1"},
		"nor is its zone":                    {host: "::1%lo"},
		"an address outside the certificate": {host: "127.0.0.2", code: errcode.HostnameMismatch},
		"an address that is configured":      {host: "name.test", serverName: "127.0.0.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			u := named(t, p, test.host)
			u.Scheme = "https"
			tr := newTransport(t, Config{
				URL:     u,
				Resolve: addresses("127.0.0.1"),
				TLS:     TLSOptions{CA: ca.pem(), ServerName: test.serverName},
			})
			r := do(tr, patience)
			assert.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, test.asked, <-asked)
		})
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	asClient := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	own, foreign := ca.issue(t, asClient), newAuthority(t).issue(t, asClient)
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	for versionName, version := range versions {
		p := listen(t, secured(&tls.Config{
			Certificates: []tls.Certificate{ca.issue(t)},
			MaxVersion:   version,
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    pool,
		}))
		missing := errcode.AlertCertificateRequired
		if version < tls.VersionTLS13 {
			missing = errcode.AlertHandshakeFailure
		}
		for name, test := range map[string]struct {
			cert *tls.Certificate
			code errcode.Code
		}{
			"the right one": {cert: &own},
			"none":          {code: missing},
			"a foreign one": {cert: &foreign, code: errcode.AlertUnknownCA}, // of the same name as the one that is asked for
		} {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				o := TLSOptions{CA: ca.pem()}
				if test.cert != nil {
					o.Cert, o.Key = pair(t, *test.cert)
				}
				tr := newTransport(t, Config{URL: p.url("https"), TLS: o})
				r := do(tr, patience)
				assert.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
				if test.cert != nil {
					assert.True(t, test.cert.Leaf.NotAfter.Equal(tr.ClientCertificateNotAfter()))
				} else {
					assert.Zero(t, tr.ClientCertificateNotAfter())
				}
			})
		}
	}
}

// In TLS 1.3 the server looks at the client's certificate after the client has
// begun to send.
func TestAlertInTheMiddleOfARequest(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	p := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{ca.issue(t)}, ClientAuth: tls.RequireAnyClientCert}))
	r := do(newTransport(t, Config{
		URL:      p.url("https"),
		Method:   "POST",
		BodySize: 8 << 20,
		TLS:      TLSOptions{CA: ca.pem()},
	}), patience)
	assert.Equal(t, errcode.AlertCertificateRequired, errcode.FromError(r.Err), "%v", r.Err)
}

func TestSessionResumption(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	for versionName, version := range versions {
		for _, wanted := range []bool{true, false} {
			t.Run(versionName, func(t *testing.T) {
				t.Parallel()
				p := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{ca.issue(t)}, MaxVersion: version}))
				tr := newTransport(t, Config{
					URL:                   p.url("https"),
					TLS:                   TLSOptions{CA: ca.pem(), SessionResumption: wanted},
					RequestsPerConnection: 1,
				})
				for i := range 3 {
					r := do(tr, patience)
					require.NoError(t, r.Err)
					require.NotNil(t, r.TLS)
					assert.Equal(t, wanted && i > 0, r.TLS.Resumed)
					assert.NotZero(t, r.TLS.LeafNotAfter)
				}
			})
		}
	}
}

func TestHandshakeThatTakesTooLong(t *testing.T) {
	t.Parallel()
	silent := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	hasty := newTransport(t, Config{URL: silent.url("https"), TLSTimeout: briefly})
	patient, impatient := newTransport(t, Config{URL: silent.url("https")}), newTransport(t, Config{URL: silent.url("https")})
	codes := map[string]errcode.Code{
		"tls_timeout":             errcode.TLSTimeout,
		"the time of the request": errcode.TLSTimeout,
		"the end of the context":  errcode.Cancelled,
	}
	for name, r := range allAtOnce(map[string]func() *probe.Result{
		"tls_timeout":             func() *probe.Result { return do(hasty, patience) },
		"the time of the request": func() *probe.Result { return do(impatient, amply) },
		"the end of the context":  func() *probe.Result { return doUntil(patient, amply) },
	}) {
		assert.Equal(t, codes[name], errcode.FromError(r.Err), "%s: %v", name, r.Err)
		assert.Equal(t, errcode.PhaseTLS, r.FailedIn(), name)
		assert.Nil(t, r.TLS, name)
	}
}

func TestTLSVersionsWithoutOverlap(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	old := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{ca.issue(t)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}))
	r := do(newTransport(t, Config{URL: old.url("https"), TLS: TLSOptions{CA: ca.pem()}}), patience)
	assert.Equal(t, errcode.AlertProtocolVersion, errcode.FromError(r.Err), "TLS 1.2 is the lowest unless told otherwise: %v", r.Err)

	tr := newTransport(t, Config{URL: old.url("https"), TLS: TLSOptions{CA: ca.pem(), MinVersion: tls.VersionTLS10}})
	r = do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, uint16(tls.VersionTLS11), r.TLS.Version)
}

func TestPhasesOfASecuredRequestAddUp(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	p := listen(t, secured(&tls.Config{Certificates: []tls.Certificate{ca.issue(t)}}))
	server := serveDNS(t, map[string]dnsAnswer{"name.test.": {ipv4: []string{"127.0.0.1"}}})
	u := named(t, p, "name.test")
	u.Scheme = "https"
	tr := newTransport(t, Config{URL: u, DNSServer: server.addr, TLS: TLSOptions{CA: ca.pem()}})
	r := do(tr, patience)
	require.NoError(t, r.Err)
	var sum time.Duration
	for phase := errcode.PhaseQueue; phase < errcode.NumPhases; phase++ {
		spent, seen := r.Phase(phase)
		assert.True(t, seen, phase.String())
		sum += spent
	}
	assert.Equal(t, r.Duration(), sum)
}

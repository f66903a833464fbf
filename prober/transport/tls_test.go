package transport

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

func TestCertificates(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	untrusted := certs.Issue(nil, certs.Authority)
	between := certs.Issue(&ca, certs.Authority)
	constrained := certs.Issue(&ca, certs.Authority, certs.Permitting("other.test"))
	impostor := certs.Issue(&ca, certs.Authority, func(c *x509.Certificate) { c.IsCA, c.Subject = false, pkix.Name{CommonName: "impostor"} })
	alone := certs.Issue(&between)
	alone.Certificate = alone.Certificate[:1]
	unnamed := certs.Issue(&ca, func(c *x509.Certificate) { c.DNSNames, c.Subject = nil, pkix.Name{CommonName: "name.test"} })
	trusted := certs.PEM(ca)
	all := append(peers.BadCertificates(), []peers.BadCertificate{
		{Name: "good", Cert: certs.Issue(&ca), Roots: trusted},
		{Name: "good, two levels", Cert: certs.Issue(&between), Roots: trusted},
		{Name: "with the name as its subject only", Code: errcode.HostnameMismatch, Cert: unnamed, Roots: trusted},
		{Name: "of an unknown authority", Code: errcode.UnknownAuthority, Cert: certs.Issue(&untrusted), Roots: trusted},
		{Name: "without the one between", Code: errcode.UnknownAuthority, Cert: alone, Roots: trusted},
		{Name: "for a name that its authority may not name", Code: errcode.CertNameConstraint, Cert: certs.Issue(&constrained), Roots: trusted},
		{Name: "issued by what is no authority", Code: errcode.CertUsage, Cert: certs.Issue(&impostor), Roots: trusted},
	}...)
	for _, test := range all {
		for versionName, version := range tlsVersions {
			t.Run(test.Name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, answeringTLS(&tls.Config{
					Certificates: []tls.Certificate{test.Cert},
					MaxVersion:   version,
					NextProtos:   []string{"http/1.1"},
				}))
				tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: test.Roots, ServerName: "name.test"}})
				r := do(tr, patience)
				require.Equal(t, test.Code, errcode.FromError(r.Err), "%v", r.Err)
				if test.Code != errcode.OK {
					assert.Equal(t, errcode.PhaseTLS, r.FailedIn())
				}
				require.NotNil(t, r.TLS, "what was shown is known whatever the verdict")
				assert.Equal(t, version, r.TLS.Version)
				assert.NotZero(t, r.TLS.Cipher)
				assert.Equal(t, "http/1.1", r.TLS.ALPN)
				assert.True(t, test.Cert.Leaf.NotAfter.Equal(r.TLS.LeafNotAfter))
				assert.False(t, r.TLS.EarliestNotAfter.After(r.TLS.LeafNotAfter))
				assert.False(t, r.TLS.Unverified)
			})
		}
	}
}

func TestCertificateThatEndsFirst(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	early := time.Now().Add(10 * time.Minute).Truncate(time.Second)
	between := certs.Issue(&ca, certs.Authority, func(c *x509.Certificate) { c.NotAfter = early })
	cert := certs.Issue(&between)
	p := peers.Listen(t, answeringTLS(peers.Showing(cert)))
	r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}}), patience)
	require.NoError(t, r.Err)
	assert.True(t, early.Equal(r.TLS.EarliestNotAfter))
	assert.True(t, cert.Leaf.NotAfter.Equal(r.TLS.LeafNotAfter))
}

func TestUnverifiedCertificate(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, answeringTLS(peers.Showing(certs.Issue(nil))))
	r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{InsecureSkipVerify: true}}), patience)
	require.NoError(t, r.Err)
	require.NotNil(t, r.TLS)
	assert.True(t, r.TLS.Unverified)
}

func TestServerName(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	cert := certs.Issue(&ca, func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, net.IPv6loopback) })
	asked := make(chan string, 1)
	p := peers.Listen(t, answeringTLS(&tls.Config{
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
			u := p.Named("http", test.host)
			u.Scheme = "https"
			tr := newTransport(t, Config{
				URL:  u,
				Dial: option.Dial{Resolve: addresses("127.0.0.1")},
				TLS:  option.TLS{CA: certs.PEM(ca), ServerName: test.serverName},
			})
			r := do(tr, patience)
			assert.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, test.asked, <-asked)
		})
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	asClient := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	stranger := certs.Issue(nil, certs.Authority)
	own, foreign := certs.Issue(&ca, asClient), certs.Issue(&stranger, asClient)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	for versionName, version := range tlsVersions {
		p := peers.Listen(t, answeringTLS(&tls.Config{
			Certificates: []tls.Certificate{certs.Issue(&ca)},
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
			"a foreign one": {cert: &foreign, code: errcode.AlertUnknownCA}, // of the same name as the requested one
		} {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				o := option.TLS{CA: certs.PEM(ca)}
				if test.cert != nil {
					o.Cert, o.Key = certs.PEM(*test.cert), certs.KeyPEM(*test.cert)
				}
				tr := newTransport(t, Config{URL: p.URL("https"), TLS: o})
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
	ca := certs.Issue(nil, certs.Authority)
	p := peers.Listen(t, answeringTLS(&tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}, ClientAuth: tls.RequireAnyClientCert}))
	r := do(newTransport(t, Config{
		URL:      p.URL("https"),
		Method:   "POST",
		BodySize: 8 << 20,
		TLS:      option.TLS{CA: certs.PEM(ca)},
	}), patience)
	assert.Equal(t, errcode.AlertCertificateRequired, errcode.FromError(r.Err), "%v", r.Err)
}

func TestSessionResumption(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	for versionName, version := range tlsVersions {
		for _, wanted := range []bool{true, false} {
			t.Run(versionName, func(t *testing.T) {
				t.Parallel()
				p := peers.Listen(t, answeringTLS(&tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}, MaxVersion: version}))
				tr := newTransport(t, Config{
					URL:                   p.URL("https"),
					TLS:                   option.TLS{CA: certs.PEM(ca), SessionResumption: wanted},
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
	silent := peers.Listen(t, peers.Silence)
	hasty := newTransport(t, Config{URL: silent.URL("https"), Dial: option.Dial{TLSTimeout: briefly}})
	patient, impatient := newTransport(t, Config{URL: silent.URL("https")}), newTransport(t, Config{URL: silent.URL("https")})
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
	ca := certs.Issue(nil, certs.Authority)
	old := peers.Listen(t, answeringTLS(&tls.Config{Certificates: []tls.Certificate{certs.Issue(&ca)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}))
	r := do(newTransport(t, Config{URL: old.URL("https"), TLS: option.TLS{CA: certs.PEM(ca)}}), patience)
	assert.Equal(t, errcode.AlertProtocolVersion, errcode.FromError(r.Err), "TLS 1.2 is the lowest unless told otherwise: %v", r.Err)

	tr := newTransport(t, Config{URL: old.URL("https"), TLS: option.TLS{CA: certs.PEM(ca), MinVersion: tls.VersionTLS10}})
	r = do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, uint16(tls.VersionTLS11), r.TLS.Version)
}

func TestPhasesOfASecuredRequestAddUp(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	p := peers.Listen(t, answeringTLS(peers.Showing(certs.Issue(&ca))))
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"127.0.0.1"}}})
	u := p.Named("http", "name.test")
	u.Scheme = "https"
	tr := newTransport(t, Config{URL: u, Dial: option.Dial{DNSServer: server.Address}, TLS: option.TLS{CA: certs.PEM(ca)}})
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

func TestAServerLearnsWhyAHandshakeFails(t *testing.T) {
	t.Parallel()
	for versionName, version := range tlsVersions {
		t.Run(versionName, func(t *testing.T) {
			t.Parallel()
			sentValues := make(chan error, 1)
			cert := certs.Issue(nil)
			p := peers.Listen(t, func(c net.Conn) {
				sentValues <- tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: version}).Handshake()
			})
			r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: certs.PEM(certs.Issue(nil, certs.Authority))}}), patience)
			require.Equal(t, errcode.UnknownAuthority, errcode.FromError(r.Err), "%v", r.Err)
			assert.ErrorContains(t, <-sentValues, "bad certificate")
		})
	}
}

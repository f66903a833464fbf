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
	"example.com/prober/option"
	"example.com/prober/prober/internal/lab"
	"example.com/prober/prober/probe"
)

func TestCertificates(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	untrusted := lab.NewAuthority(t)
	alone := lab.NewAuthority(t, func(c *x509.Certificate) { c.DNSNames = []string{"name.test"} })
	constrained := ca.Below(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"other.test"} })
	shallow := lab.NewAuthority(t, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	impostor := ca.Below(t, func(c *x509.Certificate) { c.IsCA = false })
	past, future := time.Now().Add(-30*time.Minute).Truncate(time.Second), time.Now().Add(30*time.Minute).Truncate(time.Second)
	behind := func(leaf tls.Certificate, chain ...*x509.Certificate) tls.Certificate {
		for _, cert := range chain {
			leaf.Certificate = append(leaf.Certificate, cert.Raw)
		}
		return leaf
	}
	below := shallow.Below(t)
	tests := map[string]struct {
		cert tls.Certificate
		code errcode.Code
	}{
		"good":             {cert: ca.Issue(t)},
		"good, two levels": {cert: func() tls.Certificate { b := ca.Below(t); return behind(b.Issue(t), b.Cert) }()},
		"expired":          {cert: ca.Issue(t, func(c *x509.Certificate) { c.NotAfter = past }), code: errcode.CertExpired},
		"from the future":  {cert: ca.Issue(t, func(c *x509.Certificate) { c.NotBefore = future }), code: errcode.CertNotYetValid},
		"for another name": {cert: ca.Issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"other.test"} }), code: errcode.HostnameMismatch},
		"with the name as its subject only": {cert: ca.Issue(t, func(c *x509.Certificate) {
			c.DNSNames, c.Subject = nil, pkix.Name{CommonName: "name.test"}
		}), code: errcode.HostnameMismatch},
		"of an unknown authority": {cert: untrusted.Issue(t), code: errcode.UnknownAuthority},
		"self-signed":             {cert: tls.Certificate{Certificate: [][]byte{alone.Cert.Raw}, PrivateKey: alone.Key}, code: errcode.UnknownAuthority},
		"without the one between": {cert: ca.Below(t).Issue(t), code: errcode.UnknownAuthority},
		"for clients": {cert: ca.Issue(t, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}), code: errcode.CertUsage},
		"below too many authorities":                 {cert: behind(below.Issue(t), below.Cert), code: errcode.CertUsage},
		"for a name that its authority may not name": {cert: behind(constrained.Issue(t), constrained.Cert), code: errcode.CertNameConstraint},
		"with a critical extension that nobody knows": {cert: ca.Issue(t, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}), code: errcode.CertInvalid},
		"issued by what is no authority": {cert: behind(impostor.Issue(t), impostor.Cert), code: errcode.CertUsage},
	}
	roots := append(ca.Pem(), shallow.Pem()...)
	for name, test := range tests {
		for versionName, version := range lab.Versions {
			t.Run(name+", "+versionName, func(t *testing.T) {
				t.Parallel()
				p := lab.Listen(t, lab.Secured(&tls.Config{
					Certificates: []tls.Certificate{test.cert},
					MaxVersion:   version,
					NextProtos:   []string{"http/1.1"},
				}))
				tr := newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: roots, ServerName: "name.test"}})
				r := do(tr, lab.Patience)
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
	ca := lab.NewAuthority(t)
	early := time.Now().Add(10 * time.Minute).Truncate(time.Second)
	between := ca.Below(t, func(c *x509.Certificate) { c.NotAfter = early })
	cert := between.Issue(t)
	cert.Certificate = append(cert.Certificate, between.Cert.Raw)
	p := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{cert}}))
	r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{CA: ca.Pem()}}), lab.Patience)
	require.NoError(t, r.Err)
	assert.True(t, early.Equal(r.TLS.EarliestNotAfter))
	assert.True(t, cert.Leaf.NotAfter.Equal(r.TLS.LeafNotAfter))
}

func TestUnverifiedCertificate(t *testing.T) {
	t.Parallel()
	p := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{lab.NewAuthority(t).Issue(t)}}))
	r := do(newTransport(t, Config{URL: p.URL("https"), TLS: option.TLS{InsecureSkipVerify: true}}), lab.Patience)
	require.NoError(t, r.Err)
	require.NotNil(t, r.TLS)
	assert.True(t, r.TLS.Unverified)
}

func TestServerName(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	cert := ca.Issue(t, func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, net.IPv6loopback) })
	asked := make(chan string, 1)
	p := lab.Listen(t, lab.Secured(&tls.Config{
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
			u := lab.Named(t, p, test.host)
			u.Scheme = "https"
			tr := newTransport(t, Config{
				URL:  u,
				Dial: option.Dial{Resolve: lab.Addresses("127.0.0.1")},
				TLS:  option.TLS{CA: ca.Pem(), ServerName: test.serverName},
			})
			r := do(tr, lab.Patience)
			assert.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, test.asked, <-asked)
		})
	}
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	asClient := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	own, foreign := ca.Issue(t, asClient), lab.NewAuthority(t).Issue(t, asClient)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert)
	for versionName, version := range lab.Versions {
		p := lab.Listen(t, lab.Secured(&tls.Config{
			Certificates: []tls.Certificate{ca.Issue(t)},
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
				o := option.TLS{CA: ca.Pem()}
				if test.cert != nil {
					o.Cert, o.Key = lab.Pair(t, *test.cert)
				}
				tr := newTransport(t, Config{URL: p.URL("https"), TLS: o})
				r := do(tr, lab.Patience)
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
	ca := lab.NewAuthority(t)
	p := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t)}, ClientAuth: tls.RequireAnyClientCert}))
	r := do(newTransport(t, Config{
		URL:      p.URL("https"),
		Method:   "POST",
		BodySize: 8 << 20,
		TLS:      option.TLS{CA: ca.Pem()},
	}), lab.Patience)
	assert.Equal(t, errcode.AlertCertificateRequired, errcode.FromError(r.Err), "%v", r.Err)
}

func TestSessionResumption(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	for versionName, version := range lab.Versions {
		for _, wanted := range []bool{true, false} {
			t.Run(versionName, func(t *testing.T) {
				t.Parallel()
				p := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t)}, MaxVersion: version}))
				tr := newTransport(t, Config{
					URL:                   p.URL("https"),
					TLS:                   option.TLS{CA: ca.Pem(), SessionResumption: wanted},
					RequestsPerConnection: 1,
				})
				for i := range 3 {
					r := do(tr, lab.Patience)
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
	silent := lab.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	hasty := newTransport(t, Config{URL: silent.URL("https"), Dial: option.Dial{TLSTimeout: lab.Briefly}})
	patient, impatient := newTransport(t, Config{URL: silent.URL("https")}), newTransport(t, Config{URL: silent.URL("https")})
	codes := map[string]errcode.Code{
		"tls_timeout":             errcode.TLSTimeout,
		"the time of the request": errcode.TLSTimeout,
		"the end of the context":  errcode.Cancelled,
	}
	for name, r := range lab.AllAtOnce(map[string]func() *probe.Result{
		"tls_timeout":             func() *probe.Result { return do(hasty, lab.Patience) },
		"the time of the request": func() *probe.Result { return do(impatient, lab.Amply) },
		"the end of the context":  func() *probe.Result { return doUntil(patient, lab.Amply) },
	}) {
		assert.Equal(t, codes[name], errcode.FromError(r.Err), "%s: %v", name, r.Err)
		assert.Equal(t, errcode.PhaseTLS, r.FailedIn(), name)
		assert.Nil(t, r.TLS, name)
	}
}

func TestTLSVersionsWithoutOverlap(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	old := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t)}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}))
	r := do(newTransport(t, Config{URL: old.URL("https"), TLS: option.TLS{CA: ca.Pem()}}), lab.Patience)
	assert.Equal(t, errcode.AlertProtocolVersion, errcode.FromError(r.Err), "TLS 1.2 is the lowest unless told otherwise: %v", r.Err)

	tr := newTransport(t, Config{URL: old.URL("https"), TLS: option.TLS{CA: ca.Pem(), MinVersion: tls.VersionTLS10}})
	r = do(tr, lab.Patience)
	require.NoError(t, r.Err)
	assert.Equal(t, uint16(tls.VersionTLS11), r.TLS.Version)
}

func TestPhasesOfASecuredRequestAddUp(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	p := lab.Listen(t, lab.Secured(&tls.Config{Certificates: []tls.Certificate{ca.Issue(t)}}))
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{"name.test.": {Ipv4: []string{"127.0.0.1"}}})
	u := lab.Named(t, p, "name.test")
	u.Scheme = "https"
	tr := newTransport(t, Config{URL: u, Dial: option.Dial{DNSServer: server.Addr}, TLS: option.TLS{CA: ca.Pem()}})
	r := do(tr, lab.Patience)
	require.NoError(t, r.Err)
	var sum time.Duration
	for phase := errcode.PhaseQueue; phase < errcode.NumPhases; phase++ {
		spent, seen := r.Phase(phase)
		assert.True(t, seen, phase.String())
		sum += spent
	}
	assert.Equal(t, r.Duration(), sum)
}

package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"time"
)

const year = 365 * 24 * time.Hour

// authority is the certificate authority of one server; its key never leaves
// memory.
type authority struct {
	now  time.Time // when it was made; the validity of leaves counts from here
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// leaf describes a server certificate. Its times are offsets from the start of
// the server.
type leaf struct {
	host        string // a DNS name or an IP address
	from, until time.Duration
	selfSigned  bool
}

// validLeaf is good for a process that runs for years.
func validLeaf() leaf {
	return leaf{host: "127.0.0.1", from: -time.Hour, until: 10 * year}
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "prober demo CA"},
		NotBefore:             now.Add(-year),
		NotAfter:              now.Add(20 * year),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{now: now, key: key, cert: cert}, nil
}

// pem returns the authority's certificate as a file for ca_file.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue makes a certificate with a key of its own.
func (a *authority) issue(l leaf) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "prober demo"},
		NotBefore:   a.now.Add(l.from),
		NotAfter:    a.now.Add(l.until),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(l.host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{l.host}
	}
	issuer, signer := a.cert, a.key
	if l.selfSigned {
		issuer, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// secure serves the pages over TLS, on a listener of its own, with l.
func secure(l leaf) opener {
	return func(_ context.Context, s *Server, _ string) (string, error) {
		cert, err := s.ca.issue(l)
		if err != nil {
			return "", err
		}
		ln, err := s.listen()
		if err != nil {
			return "", err
		}
		s.serveWeb(tls.NewListener(ln, serverTLS(cert)))
		return "https://" + ln.Addr().String() + "/fast", nil
	}
}

// demandCertificate does TLS 1.3 handshakes that fail for want of a client
// certificate (RFC 8446 section 4.4.2.4). The client has finished its side by
// then and may have sent its request, so this is a script: an HTTP server would
// close with that request unread, and the RST could overtake the alert.
func demandCertificate(ctx context.Context, s *Server, name string) (string, error) {
	cert, err := s.ca.issue(validLeaf())
	if err != nil {
		return "", err
	}
	cfg := serverTLS(cert)
	cfg.MinVersion = tls.VersionTLS13
	cfg.ClientAuth = tls.RequireAnyClientCert
	return raw("https", func(c *net.TCPConn) {
		_ = tls.Server(c, cfg).HandshakeContext(ctx)
	})(ctx, s, name)
}

func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	}
}

package wire

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"example.com/prober/prober/probe"
)

// Bounds of a trace for the certificates of a server.
const (
	maxShownCertificates = 8
	maxShownNames        = 8
	maxShownName         = 100 // bytes
)

// offers lists the protocols to offer by ALPN.
func offers(cfg *tls.Config) string {
	if len(cfg.NextProtos) == 0 {
		return "no ALPN"
	}
	return "ALPN " + strings.Join(cfg.NextProtos, ", ")
}

// showTLS notes the result of a handshake over TCP.
func showTLS(t *probe.Trace, c *TLSConn, cfg *tls.Config, err error) {
	showHandshake(t, c.ConnectionState(), cfg, err)
	showVerdict(t, cfg, cfg.VerifyConnection != nil, err)
}

// showHandshake notes what was agreed on in a handshake, and what the server has shown.
func showHandshake(t *probe.Trace, state tls.ConnectionState, cfg *tls.Config, err error) {
	if state.Version != 0 {
		t.Notef("%s", agreed(state))
	}
	for i, cert := range state.PeerCertificates {
		if i == maxShownCertificates {
			t.Notef("%d more certificates", len(state.PeerCertificates)-i)
			break
		}
		showCertificate(t, i, cert)
	}
	if len(cfg.Certificates) > 0 && cfg.Certificates[0].Leaf != nil && err == nil {
		t.Notef("a client certificate is ready if the server asks for one: subject %q", cut(cfg.Certificates[0].Leaf.Subject.String()))
	}
}

func agreed(state tls.ConnectionState) string {
	text := tls.VersionName(state.Version) + ", " + tls.CipherSuiteName(state.CipherSuite)
	if state.CurveID != 0 {
		text += ", " + state.CurveID.String()
	}
	if state.NegotiatedProtocol != "" {
		text += fmt.Sprintf(", ALPN %q", cut(state.NegotiatedProtocol))
	} else {
		text += ", no ALPN"
	}
	if state.DidResume {
		return text + ", resumed"
	}
	return text + ", not resumed"
}

func showCertificate(t *probe.Trace, i int, cert *x509.Certificate) {
	t.Notef("certificate %d: subject %q, issuer %q", i, cut(cert.Subject.String()), cut(cert.Issuer.String()))
	if names := namesIn(cert); names != "" {
		t.Notef("  names: %s", names)
	}
	t.Notef("  valid from %s to %s, key %s, signature %s", day(cert.NotBefore), day(cert.NotAfter), keyOf(cert), cert.SignatureAlgorithm)
}

func day(at time.Time) string { return at.UTC().Format(time.DateTime + " UTC") }

// namesIn lists the names and addresses of a certificate, a few if there are many.
func namesIn(cert *x509.Certificate) string {
	var names []string
	for _, name := range cert.DNSNames {
		names = append(names, fmt.Sprintf("%q", cut(name)))
	}
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	for _, u := range cert.URIs {
		names = append(names, fmt.Sprintf("%q", cut(u.Redacted())))
	}
	if more := len(names) - maxShownNames; more > 0 {
		names = append(names[:maxShownNames], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

func keyOf(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d bits", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}

// showVerdict notes the result of the verification, or why the handshake failed.
func showVerdict(t *probe.Trace, cfg *tls.Config, verifies bool, err error) {
	switch {
	case err != nil:
		t.Notef("the handshake failed: %v", err)
	case !verifies:
		t.Notef("the certificate is accepted without verification, because insecure_skip_verify is true")
	default:
		roots := "the authorities of the system"
		if cfg.RootCAs != nil {
			roots = "connection.tls.ca_file"
		}
		t.Notef("the certificate is verified for %q by %s", cfg.ServerName, roots)
	}
}

func cut(text string) string {
	if len(text) <= maxShownName {
		return text
	}
	return text[:maxShownName] + "..."
}

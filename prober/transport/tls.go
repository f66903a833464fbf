package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"example.com/prober/errcode"
)

// TLSOptions configures the client side of a handshake.
type TLSOptions struct {
	// CA holds PEM certificates to trust instead of the system's.
	CA []byte
	// Cert and Key are the PEM pair of a client certificate, or empty.
	Cert, Key []byte
	// ServerName is sent as SNI and verified; empty means the host of the URL.
	ServerName string
	// MinVersion and MaxVersion are crypto/tls numbers; 0 means its defaults.
	MinVersion, MaxVersion uint16
	// InsecureSkipVerify accepts any certificate.
	InsecureSkipVerify bool
}

// compile returns the configuration of all handshakes. The verification of
// crypto/tls is switched off in it and done by verify, at the point where the
// connection already knows what the server showed: the dates of a certificate
// are most worth recording when it has expired.
func (o TLSOptions) compile(host string) (*tls.Config, error) {
	cfg := &tls.Config{
		ServerName:             o.ServerName,
		MinVersion:             o.MinVersion,
		MaxVersion:             o.MaxVersion,
		NextProtos:             []string{"http/1.1"},
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true,
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if len(o.CA) > 0 {
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(o.CA) {
			return nil, errors.New("no certificate in the CA file")
		}
	}
	if len(o.Cert) > 0 {
		pair, err := tls.X509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	if !o.InsecureSkipVerify {
		cfg.VerifyConnection = func(state tls.ConnectionState) error { return verify(&state, cfg) }
	}
	return cfg, nil
}

// secure does the handshake on c within its own time and the request's.
func (t *Transport) secure(c *conn, r *Result) error {
	r.enter(errcode.PhaseTLS)
	c.stream.deadline = min(r.Deadline, Now().Add(t.cfg.TLSTimeout))
	secured := tls.Client(c.stream, t.tls)
	err := secured.Handshake()
	r.TLS = describe(secured.ConnectionState())
	if err != nil {
		return err
	}
	c.stream.deadline = r.Deadline
	c.rw, c.secured = secured, true
	return nil
}

// describe returns what the server showed, nil if it showed no certificate.
func describe(state tls.ConnectionState) *TLSInfo {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	info := &TLSInfo{Version: state.Version, Cipher: state.CipherSuite, ALPN: state.NegotiatedProtocol}
	for i, cert := range state.PeerCertificates {
		if i == 0 {
			info.LeafNotAfter = cert.NotAfter
		}
		if i == 0 || cert.NotAfter.Before(info.EarliestNotAfter) {
			info.EarliestNotAfter = cert.NotAfter
		}
	}
	return info
}

// verify does what crypto/tls does for a client that verifies.
func verify(state *tls.ConnectionState, cfg *tls.Config) error {
	opts := x509.VerifyOptions{
		Roots:         cfg.RootCAs,
		DNSName:       cfg.ServerName,
		CurrentTime:   time.Now(),
		Intermediates: x509.NewCertPool(),
	}
	for _, cert := range state.PeerCertificates[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if _, err := state.PeerCertificates[0].Verify(opts); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

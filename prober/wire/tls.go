package wire

import (
	"cmp"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
)

// compileTLS returns the configuration of all handshakes. It switches off the
// verification of crypto/tls. A verifier does it when the connection already knows what
// the server showed: the dates of a certificate are most worth recording when it has
// expired.
func compileTLS(o option.TLS, host string, read *Certificates) (*tls.Config, error) {
	const standard = tls.VersionTLS12 // crypto/tls takes a lowest version of 0 for this
	if o.MaxVersion != 0 && o.MaxVersion < cmp.Or(o.MinVersion, standard) {
		return nil, errors.New("the highest TLS version is below the lowest, which is TLS 1.2 by default")
	}
	cfg := &tls.Config{
		ServerName: o.ServerName,
		MinVersion: o.MinVersion,
		MaxVersion: o.MaxVersion,
		// crypto/tls calls VerifyConnection whatever this says, and for resumed sessions
		// too. It would not call VerifyPeerCertificate for those.
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: !o.SessionResumption,
	}
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = strings.Cut(host, "%") // no certificate names a zone
	}
	if o.SessionResumption {
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1) // there is one server name
	}
	if err := load(o, cfg, read); err != nil {
		return nil, err
	}
	if !o.InsecureSkipVerify {
		cfg.VerifyConnection = newVerifier(cfg).verify
	}
	return cfg, nil
}

// load reads the certificates into cfg.
func load(o option.TLS, cfg *tls.Config, read *Certificates) (err error) {
	if len(o.CA) > 0 {
		if cfg.RootCAs, err = read.pool(o.CA); err != nil {
			return err
		}
	}
	ReadRoots(o)
	if len(o.Cert) == 0 {
		return nil
	}
	pair, err := read.pair(o.Cert, o.Key)
	if err != nil {
		return err
	}
	cfg.Certificates = []tls.Certificate{pair}
	return nil
}

// secure does the handshake on l within its own time and the request's.
func (d *Dialer) secure(l *Link, r *probe.Result) error {
	r.Enter(errcode.PhaseTLS)
	l.Stream.Deadline = min(r.Deadline, probe.Now().Add(d.plan.TLSTimeout))
	if r.Trace != nil {
		r.Trace.Notef("TLS handshake for %q, offering %s", d.tls.ServerName, offers(d.tls))
	}
	secured, err := handshake(l.RW, d.tls)
	if r.Trace != nil {
		showTLS(r.Trace, secured, d.tls, err)
	}
	if info := describe(secured.ConnectionState()); info != nil {
		info.Unverified = d.plan.TLS.InsecureSkipVerify
		r.TLS = info
		d.last.Store(info)
	}
	if err != nil {
		return err
	}
	l.Stream.Deadline = r.Deadline
	l.RW, l.TLS = secured, secured
	return nil
}

// describe returns what the server showed, nil if it showed no certificate.
func describe(state tls.ConnectionState) *probe.TLSInfo {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	info := &probe.TLSInfo{
		Version: state.Version,
		Cipher:  state.CipherSuite,
		ALPN:    state.NegotiatedProtocol,
		Resumed: state.DidResume,
	}
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

// IsAlert reports whether err is an alert of the peer. The type of an alert over TCP is not
// exported by crypto/tls, so the name of the operation has to do.
func IsAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" // the word of crypto/tls
}

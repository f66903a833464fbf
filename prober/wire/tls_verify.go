package wire

import (
	"crypto/tls"
	"crypto/x509"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
)

// verifier judges the certificates of a server, by roots and a name that do not change.
// It remembers the last good chain: to check its signatures anew takes half as long as
// the rest of a handshake, and has the same result while the server shows the same bytes.
// Everything that depends on the time is checked in every handshake. So is the server's
// possession of the key, by crypto/tls.
type verifier struct {
	roots *x509.CertPool // nil means the system's
	name  string
	// forgetful verifiers remember nothing.
	forgetful bool
	// Handshakes run at the same time. Whichever stores last wins, and both stored what was
	// good.
	last atomic.Pointer[goodChain]
}

// goodChain is a chain found good.
type goodChain struct {
	shown []*x509.Certificate // by the server, in this order
	chain []*x509.Certificate // from the leaf to the root
	// All certificates of the chain are valid from, and until, these times.
	from, until time.Time
}

// newVerifier takes roots and name from cfg. Without roots the system's decide. If
// crypto/x509 asks the system itself, the answer may change at any time; elsewhere the
// roots are read once in the life of the process.
func newVerifier(cfg *tls.Config) *verifier {
	asksSystem := runtime.GOOS == "darwin" || runtime.GOOS == "ios" || runtime.GOOS == "windows"
	return &verifier{roots: cfg.RootCAs, name: cfg.ServerName, forgetful: cfg.RootCAs == nil && asksSystem}
}

// verify does the work of crypto/tls for a client that verifies, and heeds a revocation
// stapled by the server itself.
func (v *verifier) verify(state tls.ConnectionState) error {
	shown, now := state.PeerCertificates, time.Now()
	good := v.last.Load()
	remembered := good.covers(shown, now)
	if !remembered {
		var err error
		if good, err = v.build(shown, now); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: shown, Err: err}
		}
	}
	if chain := good.chain; len(chain) > 1 && revoked(state.OCSPResponse, chain[0], chain[1]) {
		return errRevoked
	}
	if !remembered && !v.forgetful {
		v.last.Store(good)
	}
	return nil
}

// build finds a chain from the first certificate to a root.
func (v *verifier) build(shown []*x509.Certificate, now time.Time) (*goodChain, error) {
	opts := x509.VerifyOptions{
		Roots:         v.roots,
		DNSName:       v.name,
		CurrentTime:   now,
		Intermediates: x509.NewCertPool(),
	}
	for _, cert := range shown[1:] {
		opts.Intermediates.AddCert(cert)
	}
	chains, err := shown[0].Verify(opts)
	if err != nil {
		return nil, err
	}
	good := &goodChain{shown: shown, chain: chains[0], from: shown[0].NotBefore, until: shown[0].NotAfter}
	for _, cert := range good.chain {
		if cert.NotBefore.After(good.from) {
			good.from = cert.NotBefore
		}
		if cert.NotAfter.Before(good.until) {
			good.until = cert.NotAfter
		}
	}
	return good, nil
}

// covers reports whether a server with these certificates now shows the chain g, and all
// certificates of g are still valid.
func (g *goodChain) covers(shown []*x509.Certificate, now time.Time) bool {
	return g != nil && !now.Before(g.from) && !now.After(g.until) &&
		slices.EqualFunc(g.shown, shown, (*x509.Certificate).Equal)
}

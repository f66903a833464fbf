package wire

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/prober/internal/lab"
)

// trusting returns a verifier of name.test with the root ca.
func trusting(ca *lab.Authority) *verifier {
	cfg := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "name.test"}
	cfg.RootCAs.AddCert(ca.Cert)
	return newVerifier(cfg)
}

// shown is what a handshake ends with in which the server shows these certificates. They
// are parsed anew, as of a message just received.
func shown(t testing.TB, leaf tls.Certificate, more ...*lab.Authority) tls.ConnectionState {
	t.Helper()
	state := tls.ConnectionState{OCSPResponse: leaf.OCSPStaple}
	raw := [][]byte{leaf.Certificate[0]}
	for _, one := range more {
		raw = append(raw, one.Cert.Raw)
	}
	for _, der := range raw {
		cert, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		state.PeerCertificates = append(state.PeerCertificates, cert)
	}
	return state
}

func verdict(err error) errcode.Code {
	if err == nil {
		return errcode.OK
	}
	return errcode.FromError(&errcode.PhaseError{Phase: errcode.PhaseTLS, Err: err})
}

// Once the roots are gone, only what was verified before can be found good.
func TestOnlyTheSameChainIsNotVerifiedAgain(t *testing.T) {
	t.Parallel()
	root := lab.NewAuthority(t)
	between := root.Below(t)
	otherBetween := root.Below(t)
	leaf, renewed := between.Issue(t), between.Issue(t)
	tests := map[string]struct {
		state tls.ConnectionState
		code  errcode.Code
	}{
		"the same":                             {state: shown(t, leaf, between)},
		"another leaf of the same issuer":      {shown(t, renewed, between), errcode.UnknownAuthority},
		"the same leaf alone":                  {shown(t, leaf), errcode.UnknownAuthority},
		"the same leaf and one more":           {shown(t, leaf, between, root), errcode.UnknownAuthority},
		"the same leaf behind another issuer":  {shown(t, leaf, otherBetween), errcode.UnknownAuthority},
		"the one between in place of the leaf": {shown(t, tls.Certificate{Certificate: [][]byte{between.Cert.Raw}}, between), errcode.HostnameMismatch},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := trusting(root)
			require.NoError(t, v.verify(shown(t, leaf, between)))
			v.roots = x509.NewCertPool()
			assert.Equal(t, test.code, verdict(v.verify(test.state)))
			assert.NoError(t, v.verify(shown(t, leaf, between)), "a failure is not remembered, nor does it make anything forgotten")
		})
	}
}

func TestWhatFailsIsNotRemembered(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	leaf := ca.Issue(t)
	v := trusting(lab.NewAuthority(t))
	for range 2 {
		require.Equal(t, errcode.UnknownAuthority, verdict(v.verify(shown(t, leaf))))
	}
	assert.Nil(t, v.last.Load())
	v.roots.AddCert(ca.Cert)
	assert.NoError(t, v.verify(shown(t, leaf)))
	assert.NotNil(t, v.last.Load())
}

func TestTheLastOfTwoChainsIsRemembered(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	v := trusting(ca)
	one, other := shown(t, ca.Issue(t)), shown(t, ca.Issue(t))
	require.NoError(t, v.verify(one))
	require.NoError(t, v.verify(other))
	v.roots = x509.NewCertPool()
	assert.NoError(t, v.verify(other))
	assert.Equal(t, errcode.UnknownAuthority, verdict(v.verify(one)))
}

// The time is looked at in each handshake, whatever was good before.
func TestARememberedChainExpires(t *testing.T) {
	t.Parallel()
	ends := func(after time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(after) }
	}
	const long, short = 10 * time.Hour, 2 * time.Hour // from an hour ago
	for name, lives := range map[string]struct{ root, between, leaf time.Duration }{
		"the leaf":        {root: long, between: long, leaf: short},
		"the one between": {root: long, between: short, leaf: long},
		"the root":        {root: short, between: long, leaf: long},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				root := lab.NewAuthority(t, ends(lives.root))
				between := root.Below(t, ends(lives.between))
				state := shown(t, between.Issue(t, ends(lives.leaf)), between)
				v := trusting(root)
				require.NoError(t, v.verify(state))
				time.Sleep(time.Hour)
				require.NoError(t, v.verify(state), "the last moment")
				time.Sleep(time.Second)
				assert.Equal(t, errcode.CertExpired, verdict(v.verify(state)))
			})
		})
	}
}

// A clock that is put back shows in certificates that are not valid yet.
func TestARememberedChainIsNotGoodBeforeItsTime(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	v := trusting(ca)
	state := shown(t, ca.Issue(t))
	require.NoError(t, v.verify(state))
	good := v.last.Load()
	assert.True(t, good.covers(state.PeerCertificates, good.from))
	assert.False(t, good.covers(state.PeerCertificates, good.from.Add(-1)))
}

func TestARememberedChainIsRevoked(t *testing.T) {
	t.Parallel()
	const good, gone = ocsp.Good, ocsp.Revoked
	ca := lab.NewAuthority(t)
	leaf := ca.Issue(t)
	v := trusting(ca)
	state := func(status int) tls.ConnectionState {
		leaf.OCSPStaple = peers.Staple(t, leaf, ca.Pair(), ca.Pair(), status)
		return shown(t, leaf)
	}
	require.ErrorIs(t, v.verify(state(gone)), errRevoked)
	assert.Nil(t, v.last.Load(), "a chain that is revoked is not good")
	require.NoError(t, v.verify(state(good)))
	for range 2 {
		assert.ErrorIs(t, v.verify(state(gone)), errRevoked)
	}
	assert.NoError(t, v.verify(state(good)))
}

// Where the system is asked, its answer may change at any time.
func TestAForgetfulVerifierRemembersNothing(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	v := trusting(ca)
	v.forgetful = true
	state := shown(t, ca.Issue(t))
	require.NoError(t, v.verify(state))
	v.roots = x509.NewCertPool()
	assert.Equal(t, errcode.UnknownAuthority, verdict(v.verify(state)))
}

// The connections of a target make their handshakes at the same time, while the server
// changes between a good certificate and bad ones.
func TestHandshakesAtTheSameTime(t *testing.T) {
	t.Parallel()
	ca := lab.NewAuthority(t)
	certs := []tls.Certificate{ca.Issue(t), ca.Issue(t), lab.NewAuthority(t).Issue(t)}
	want := []errcode.Code{errcode.OK, errcode.OK, errcode.UnknownAuthority}
	v := trusting(ca)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 60 {
				which := (w + i) % len(certs)
				assert.Equal(t, want[which], verdict(v.verify(shown(t, certs[which]))))
			}
		})
	}
	workers.Wait()
}

func BenchmarkVerify(b *testing.B) {
	root := lab.NewAuthority(b)
	between := root.Below(b)
	state := shown(b, between.Issue(b), between)
	for name, forgetful := range map[string]bool{"remembering": false, "anew": true} {
		b.Run(name, func(b *testing.B) {
			v := trusting(root)
			v.forgetful = forgetful
			b.ReportAllocs()
			for b.Loop() {
				if err := v.verify(state); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

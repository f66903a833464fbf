package wire

import (
	"bytes"
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
	"example.com/prober/internal/peers/certs"
)

// trusting returns a verifier of name.test with the root ca.
func trusting(ca tls.Certificate) *verifier {
	cfg := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "name.test"}
	cfg.RootCAs.AddCert(ca.Leaf)
	return newVerifier(cfg)
}

// shown returns the state after a handshake with these certificates of the server. They
// are parsed anew, as from a message just received.
func shown(t testing.TB, leaf tls.Certificate, more ...tls.Certificate) tls.ConnectionState {
	t.Helper()
	state := tls.ConnectionState{OCSPResponse: leaf.OCSPStaple}
	raw := [][]byte{leaf.Certificate[0]}
	for _, one := range more {
		raw = append(raw, one.Leaf.Raw)
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

// Without the roots, only a chain verified before can be found good.
func TestOnlyTheSameChainIsNotVerifiedAgain(t *testing.T) {
	t.Parallel()
	root := certs.Issue(nil, certs.Authority)
	between := certs.Issue(&root, certs.Authority)
	otherBetween := certs.Issue(&root, certs.Authority)
	leaf, renewed := certs.Issue(&between), certs.Issue(&between)
	tests := map[string]struct {
		state tls.ConnectionState
		code  errcode.Code
	}{
		"the same":                             {state: shown(t, leaf, between)},
		"another leaf of the same issuer":      {shown(t, renewed, between), errcode.UnknownAuthority},
		"the same leaf alone":                  {shown(t, leaf), errcode.UnknownAuthority},
		"the same leaf and one more":           {shown(t, leaf, between, root), errcode.UnknownAuthority},
		"the same leaf behind another issuer":  {shown(t, leaf, otherBetween), errcode.UnknownAuthority},
		"the one between in place of the leaf": {shown(t, between, between), errcode.HostnameMismatch},
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
	ca := certs.Issue(nil, certs.Authority)
	leaf := certs.Issue(&ca)
	v := trusting(certs.Issue(nil, certs.Authority))
	for range 2 {
		require.Equal(t, errcode.UnknownAuthority, verdict(v.verify(shown(t, leaf))))
	}
	assert.Nil(t, v.last.Load())
	v.roots.AddCert(ca.Leaf)
	assert.NoError(t, v.verify(shown(t, leaf)))
	assert.NotNil(t, v.last.Load())
}

func TestTheLastOfTwoChainsIsRemembered(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	v := trusting(ca)
	one, other := shown(t, certs.Issue(&ca)), shown(t, certs.Issue(&ca))
	require.NoError(t, v.verify(one))
	require.NoError(t, v.verify(other))
	v.roots = x509.NewCertPool()
	assert.NoError(t, v.verify(other))
	assert.Equal(t, errcode.UnknownAuthority, verdict(v.verify(one)))
}

// The time is checked in each handshake, whatever was good before.
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
				root := certs.Issue(nil, certs.Authority, ends(lives.root))
				between := certs.Issue(&root, certs.Authority, ends(lives.between))
				state := shown(t, certs.Issue(&between, ends(lives.leaf)), between)
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

// If a clock is put back, some certificates are not valid yet.
func TestARememberedChainIsNotGoodBeforeItsTime(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	v := trusting(ca)
	state := shown(t, certs.Issue(&ca))
	require.NoError(t, v.verify(state))
	good := v.last.Load()
	assert.True(t, good.covers(state.PeerCertificates, good.from))
	assert.False(t, good.covers(state.PeerCertificates, good.from.Add(-1)))
}

func TestARememberedChainIsRevoked(t *testing.T) {
	t.Parallel()
	const good, gone = ocsp.Good, ocsp.Revoked
	ca := certs.Issue(nil, certs.Authority)
	leaf := certs.Issue(&ca)
	v := trusting(ca)
	state := func(status int) tls.ConnectionState {
		leaf.OCSPStaple = peers.Staple(t, leaf, ca, ca, status)
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

// If the system is asked, its answer may change at any time.
func TestAForgetfulVerifierRemembersNothing(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	v := trusting(ca)
	v.forgetful = true
	state := shown(t, certs.Issue(&ca))
	require.NoError(t, v.verify(state))
	v.roots = x509.NewCertPool()
	assert.Equal(t, errcode.UnknownAuthority, verdict(v.verify(state)))
}

// The connections of a target make their handshakes at the same time, while the server
// changes between a good certificate and bad ones.
func TestHandshakesAtTheSameTime(t *testing.T) {
	t.Parallel()
	ca := certs.Issue(nil, certs.Authority)
	servers := []tls.Certificate{certs.Issue(&ca), certs.Issue(&ca), certs.Issue(nil)}
	want := []errcode.Code{errcode.OK, errcode.OK, errcode.UnknownAuthority}
	v := trusting(ca)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for i := range 60 {
				which := (w + i) % len(servers)
				assert.Equal(t, want[which], verdict(v.verify(shown(t, servers[which]))))
			}
		})
	}
	workers.Wait()
}

func BenchmarkVerify(b *testing.B) {
	root := certs.Issue(nil, certs.Authority)
	between := certs.Issue(&root, certs.Authority)
	state := shown(b, certs.Issue(&between), between)
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

func TestCertificatesAreReadOnceForAllWithTheSameBytes(t *testing.T) {
	t.Parallel()
	ca := certs.PEM(certs.Issue(nil, certs.Authority))
	read := NewCertificates()
	first, err := read.pool(ca)
	require.NoError(t, err)
	second, err := read.pool(ca)
	require.NoError(t, err)
	assert.Same(t, first, second)

	part, err := read.pool(bytes.Clone(ca))
	require.NoError(t, err)
	assert.NotSame(t, first, part, "equal bytes of another slice are not looked for")
	_, err = read.pool(ca[:20])
	require.Error(t, err, "a part of the slice is other content")

	for _, none := range []*Certificates{nil, NewCertificates()} {
		_, err = none.pool([]byte("nothing"))
		require.EqualError(t, err, "no certificate in the CA file")
		_, err = none.pair(ca, nil)
		require.ErrorContains(t, err, "client certificate: ")
	}
}

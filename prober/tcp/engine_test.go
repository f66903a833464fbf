package tcp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

const (
	// patience is longer than anything takes on a busy machine, briefly shorter than
	// anything waits.
	patience = time.Minute
	briefly  = 50 * time.Millisecond
)

func at(scheme, address string) *url.URL { return &url.URL{Scheme: scheme, Host: address} }

// newEngine gives a plan the missing times.
func newEngine(t *testing.T, p wire.Plan) *Engine {
	t.Helper()
	if p.ConnectTimeout == 0 {
		p.ConnectTimeout = patience
	}
	if p.TLSTimeout == 0 {
		p.TLSTimeout = patience
	}
	e, err := New(Config{Plan: p})
	require.NoError(t, err)
	return e
}

// do performs a request with a time limit of within.
func do(ctx context.Context, e *Engine, within time.Duration) *probe.Result {
	r := new(probe.Result)
	again(ctx, e, r, within)
	return r
}

func again(ctx context.Context, e *Engine, r *probe.Result, within time.Duration) {
	now := probe.Now()
	r.Reset(now, now.Add(within))
	e.Do(ctx, r)
}

// phasesOf returns the phases of a request.
func phasesOf(r *probe.Result) (all []errcode.Phase) {
	for p := errcode.PhaseNone; p < errcode.NumPhases; p++ {
		if _, seen := r.Phase(p); seen {
			all = append(all, p)
		}
	}
	return all
}

func assertFails(t *testing.T, e *Engine, r *probe.Result, code errcode.Code, phase errcode.Phase) {
	t.Helper()
	assert.Equal(t, code, e.Code(r), "%v", r.Err)
	assert.Equal(t, phase, r.FailedIn(), "%v", r.Err)
	assert.NotZero(t, r.End)
}

func TestAConnectionThatStandsIsASuccess(t *testing.T) {
	t.Parallel()
	ends := make(chan error, 2)
	p := peers.Listen(t, func(c net.Conn) {
		_, err := c.Read(make([]byte, 1))
		ends <- err
	})
	e := newEngine(t, wire.Plan{URL: at("tcp", p.Address())})
	var r probe.Result
	for range 2 {
		again(t.Context(), e, &r, patience)
		require.Equal(t, errcode.OK, e.Code(&r), "%v", r.Err)
		assert.Equal(t, []errcode.Phase{errcode.PhaseQueue, errcode.PhaseConnect}, phasesOf(&r))
		assert.True(t, r.Opened)
		assert.False(t, r.Reused)
		assert.Equal(t, p.Address(), r.Remote.String())
		assert.Nil(t, r.HTTP)
		assert.Nil(t, r.TLS)
		assert.Zero(t, r.Sent+r.Received)
		assert.Equal(t, io.EOF, <-ends, "it is closed in order, and nothing is sent")
		queue, _ := r.Phase(errcode.PhaseQueue)
		connect, _ := r.Phase(errcode.PhaseConnect)
		assert.Equal(t, r.Duration(), queue+connect)
	}
	assert.Equal(t, 2, p.Connections(), "each request has its own")
	assert.Zero(t, e.Open())
}

func TestANameIsLookedUpForEachConnection(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	_, port, err := net.SplitHostPort(p.Address())
	require.NoError(t, err)
	names := netip.MustParseAddrPort(peers.NameServer(t, peers.Addresses("127.0.0.1")))
	e := newEngine(t, wire.Plan{URL: at("tcp", "name.test:"+port), Dial: option.Dial{DNSServer: names}})
	r := do(t.Context(), e, patience)
	require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
	assert.Equal(t, []errcode.Phase{errcode.PhaseQueue, errcode.PhaseResolve, errcode.PhaseConnect}, phasesOf(r))
}

func TestANameThatDoesNotResolveIsAFailureOfTheLookUp(t *testing.T) {
	t.Parallel()
	for code, names := range map[errcode.Code]peers.Names{
		errcode.NoSuchHost:   peers.NoNames(3),
		errcode.DNSServfail:  peers.NoNames(2),
		errcode.DNSMalformed: peers.SayNames("no DNS"),
		errcode.DNSTimeout:   peers.SilentNames,
	} {
		t.Run(code.Name(), func(t *testing.T) {
			t.Parallel()
			server := netip.MustParseAddrPort(peers.NameServer(t, names))
			e := newEngine(t, wire.Plan{URL: at("tcp", "name.test:80"), Dial: option.Dial{DNSServer: server, ConnectTimeout: time.Second}})
			assertFails(t, e, do(t.Context(), e, patience), code, errcode.PhaseResolve)
		})
	}
}

func TestAPortAtWhichNobodyListensRefuses(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"tcp", "tls"} {
		e := newEngine(t, wire.Plan{URL: at(scheme, peers.ClosedPort(t))})
		r := do(t.Context(), e, patience)
		assertFails(t, e, r, errcode.Refused, errcode.PhaseConnect)
		assert.False(t, r.Opened)
	}
}

// TestAConnectionThatIsResetAtAccept has a connection that stood: chance decides whether
// the reset is noticed before the close.
func TestAConnectionThatIsResetAtAccept(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Reset)
	plain := newEngine(t, wire.Plan{URL: at("tcp", p.Address())})
	for range 50 {
		r := do(t.Context(), plain, patience)
		assert.True(t, r.Opened)
		if r.Err != nil {
			assertFails(t, plain, r, errcode.Reset, errcode.PhaseConnect)
		}
	}
	secured := newEngine(t, wire.Plan{URL: at("tls", p.Address())})
	for range 5 {
		assertFails(t, secured, do(t.Context(), secured, patience), errcode.TLSClosed, errcode.PhaseTLS)
	}
}

func TestATargetMaySpeakFirst(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, func(c net.Conn) {
		_, _ = io.WriteString(c, "220 mail.test ESMTP\r\n")
		peers.Silence(c)
	})
	e := newEngine(t, wire.Plan{URL: at("tcp", p.Address())})
	for range 20 {
		r := do(t.Context(), e, patience)
		require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
	}
}

func TestAPeerThatDoesNotSpeakTLSInTimeIsATimeoutOfTLS(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	e := newEngine(t, wire.Plan{URL: at("tls", p.Address()), Dial: option.Dial{TLSTimeout: briefly}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.TLSTimeout, errcode.PhaseTLS)
	e = newEngine(t, wire.Plan{URL: at("tls", p.Address())})
	assertFails(t, e, do(t.Context(), e, briefly), errcode.TLSTimeout, errcode.PhaseTLS)
}

func TestARequestThatNobodyWantsAnyMoreIsCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := peers.Listen(t, func(c net.Conn) {
		cancel()
		peers.Silence(c)
	})
	e := newEngine(t, wire.Plan{URL: at("tls", p.Address())})
	assertFails(t, e, do(ctx, e, patience), errcode.Cancelled, errcode.PhaseTLS)
	assert.Equal(t, errcode.Cancelled, e.Code(do(ctx, e, patience)), "none is made any more")
	assert.Equal(t, 1, p.Connections())
}

func TestAConnectionThatStandsTooLateIsTooSlow(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	for most, want := range map[time.Duration]errcode.Code{1: errcode.TooSlow, patience: errcode.OK, 0: errcode.OK} {
		e, err := New(Config{Plan: wire.Plan{URL: at("tcp", p.Address()), Dial: option.Dial{ConnectTimeout: patience}}, MaxLatency: most})
		require.NoError(t, err)
		r := do(t.Context(), e, patience)
		assert.Equal(t, want, e.Code(r))
		assert.NoError(t, r.Err)
	}
}

func TestAnAddressThatSwallowsPacketsIsATimeoutOfTheDial(t *testing.T) {
	t.Parallel()
	full, can := peers.Swallow(t, netip.MustParseAddrPort("127.0.0.1:0"))
	if !can {
		t.Skip("the queue of a listener cannot be filled here")
	}
	e := newEngine(t, wire.Plan{URL: at("tcp", full.String()), Dial: option.Dial{ConnectTimeout: briefly}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.DialTimeout, errcode.PhaseConnect)
	e = newEngine(t, wire.Plan{URL: at("tls", full.String())})
	assertFails(t, e, do(t.Context(), e, briefly), errcode.DialTimeout, errcode.PhaseConnect)
	// A proxy that takes a connection and says nothing more fails in the same way.
	silent := peers.Listen(t, peers.Silence)
	e = newEngine(t, wire.Plan{URL: at("tcp", "name.test:25"), Proxy: through(silent, "socks5"), Dial: option.Dial{ConnectTimeout: briefly}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.DialTimeout, errcode.PhaseConnect)
}

func TestWhatMayNotBeDialledIsNot(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	e := newEngine(t, wire.Plan{URL: at("tcp", p.Address()), Rules: policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.BlockedIP, errcode.PhaseConnect)
	e = newEngine(t, wire.Plan{URL: at("tls", "name.test:443"), Rules: policy.Rules{DenyHosts: []string{"*.test"}}})
	assertFails(t, e, do(t.Context(), e, patience), errcode.BlockedHost, errcode.PhaseResolve)
	assert.Zero(t, p.Connections())
}

func TestConnectionsKeepToTheirCeiling(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	ceiling := probe.NewCeiling(1)
	e := newEngine(t, wire.Plan{URL: at("tcp", p.Address()), Connections: ceiling})
	var one, other probe.Result
	require.True(t, e.Reserve(&one))
	assert.False(t, e.Reserve(&other))
	assertFails(t, e, do(t.Context(), e, briefly), errcode.LocalResources, errcode.PhaseQueue)
	e.Unreserve(&one)
	assert.Zero(t, ceiling.Used())

	for range 3 {
		require.True(t, e.Reserve(&one))
		again(t.Context(), e, &one, patience)
		require.Equal(t, errcode.OK, e.Code(&one), "%v", one.Err)
		e.Unreserve(&one)
		assert.Zero(t, ceiling.Used(), "the connection is closed")
	}
	refused := newEngine(t, wire.Plan{URL: at("tcp", peers.ClosedPort(t)), Connections: ceiling})
	assert.Equal(t, errcode.Refused, refused.Code(do(t.Context(), refused, patience)))
	assert.Zero(t, ceiling.Used())
	assert.False(t, e.Shares())
}

func TestAResultThatAnotherEngineHasUsedServes(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Silence)
	e := newEngine(t, wire.Plan{URL: at("tcp", p.Address())})
	r := probe.Result{Scratch: "of another engine"}
	again(t.Context(), e, &r, patience)
	assert.Equal(t, errcode.OK, e.Code(&r), "%v", r.Err)
}

func TestURLsThatCannotBeDialledAreRefused(t *testing.T) {
	t.Parallel()
	for _, u := range []*url.URL{
		at("tcp", "name.test"), at("tcp", "name.test:0"), at("http", "name.test:80"), at("tcp", ":80"), at("tcp", "name.test:99999"),
	} {
		_, err := New(Config{Plan: wire.Plan{URL: u}})
		assert.Error(t, err, u)
	}
}

func TestEveryHandshakeShowsItsCertificate(t *testing.T) {
	t.Parallel()
	root := certs.Issue(nil, certs.Authority)
	leaf := certs.Issue(&root)
	ends := make(chan error, 1)
	p := peers.Listen(t, peers.Within(peers.Showing(leaf), func(c net.Conn) {
		_, err := c.Read(make([]byte, 1))
		ends <- err
	}))
	e := newEngine(t, wire.Plan{URL: at("tls", p.Address()), TLS: option.TLS{CA: certs.PEM(root)}})
	r := do(t.Context(), e, patience)
	require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
	assert.Equal(t, []errcode.Phase{errcode.PhaseQueue, errcode.PhaseConnect, errcode.PhaseTLS}, phasesOf(r))
	require.NotNil(t, r.TLS)
	assert.EqualValues(t, tls.VersionTLS13, r.TLS.Version)
	assert.True(t, leaf.Leaf.NotAfter.Equal(r.TLS.LeafNotAfter))
	assert.Empty(t, r.TLS.ALPN)
	assert.Equal(t, io.EOF, <-ends, "the server is told that it ends")
}

func TestCertificatesThatAreWrongHaveTheirCodes(t *testing.T) {
	t.Parallel()
	for _, bad := range peers.BadCertificates() {
		t.Run(bad.Name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, peers.Within(peers.Showing(bad.Cert), peers.Silence))
			options := option.TLS{CA: bad.Roots, ServerName: "name.test"}
			e := newEngine(t, wire.Plan{URL: at("tls", p.Address()), TLS: options})
			r := do(t.Context(), e, patience)
			assertFails(t, e, r, bad.Code, errcode.PhaseTLS)
			require.NotNil(t, r.TLS, "its dates are known all the same")
			assert.False(t, r.TLS.LeafNotAfter.IsZero())

			options.InsecureSkipVerify = true
			e = newEngine(t, wire.Plan{URL: at("tls", p.Address()), TLS: options})
			r = do(t.Context(), e, patience)
			assert.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
			assert.True(t, r.TLS.Unverified)
		})
	}
}

func TestAHandshakeThatFailsHasItsCode(t *testing.T) {
	t.Parallel()
	old := peers.Showing(certs.Issue(nil))
	old.MaxVersion = tls.VersionTLS12
	picky := peers.Showing(certs.Issue(nil))
	picky.ClientAuth, picky.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	for name, test := range map[string]struct {
		script  peers.Script
		options option.TLS
		code    errcode.Code
	}{
		"the server does not speak TLS":            {script: peers.Saying("220 mail.test ESMTP\r\n"), code: errcode.TLSRecord},
		"it hangs up":                              {script: peers.HangUp, code: errcode.TLSClosed},
		"there is no version in common":            {peers.Within(old, peers.Silence), option.TLS{MinVersion: tls.VersionTLS13}, errcode.FromAlert(70)},
		"it wants a certificate, which is missing": {peers.Within(picky, peers.Silence), option.TLS{InsecureSkipVerify: true}, errcode.FromAlert(40)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := peers.Listen(t, test.script)
			e := newEngine(t, wire.Plan{URL: at("tls", p.Address()), TLS: test.options})
			assertFails(t, e, do(t.Context(), e, patience), test.code, errcode.PhaseTLS)
		})
	}
}

func TestTheEndOfTheClientCertificateIsKnown(t *testing.T) {
	t.Parallel()
	client := certs.Issue(nil, certs.ForClients)
	seen := make(chan int, 1)
	server := peers.Showing(certs.Issue(nil))
	server.ClientAuth = tls.RequireAnyClientCert
	p := peers.Listen(t, func(c net.Conn) {
		s := tls.Server(c, server)
		if errors.Is(s.Handshake(), nil) {
			seen <- len(s.ConnectionState().PeerCertificates)
			peers.Silence(s)
		}
	})
	options := option.TLS{Cert: certs.PEM(client), Key: certs.KeyPEM(client), InsecureSkipVerify: true}
	e := newEngine(t, wire.Plan{URL: at("tls", p.Address()), TLS: options})
	r := do(t.Context(), e, patience)
	require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
	assert.Equal(t, 1, <-seen)
	assert.True(t, client.Leaf.NotAfter.Equal(e.ClientCertificateNotAfter()))
	assert.Zero(t, newEngine(t, wire.Plan{URL: at("tcp", p.Address())}).ClientCertificateNotAfter())
}

func TestASessionOfTLS12IsResumedWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Within(peers.Showing(certs.Issue(nil)), peers.Silence))
	options := option.TLS{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, SessionResumption: true}
	e := newEngine(t, wire.Plan{URL: at("tls", p.Address()), TLS: options})
	for _, resumed := range []bool{false, true} {
		r := do(t.Context(), e, patience)
		require.Equal(t, errcode.OK, e.Code(r), "%v", r.Err)
		assert.Equal(t, resumed, r.TLS.Resumed)
	}
}

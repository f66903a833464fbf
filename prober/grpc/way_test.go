package grpc

import (
	"crypto/tls"
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

func TestCallsAreMadeWithinTLS(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	p := peers.Listen(t, peers.Within(peers.Showing(cert, "h2"), playing(well)))
	plan := wire.Plan{URL: at("grpcs", p.Address()), TLS: option.TLS{CA: certs.PEM(cert)}}
	for name, tt := range map[string]struct {
		perConnection, connections int
	}{"kept": {0, 1}, "anew": {1, 3}} {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t, Config{Plan: plan, RequestsPerConnection: tt.perConnection})
			before := p.Connections()
			var r probe.Result
			for range 3 {
				again(t.Context(), e, &r, patience)
				require.Equal(t, errcode.OK, e.Code(&r), textOf(&r))
			}
			assert.Equal(t, tt.connections, p.Connections()-before)
			if tt.perConnection == 1 {
				require.NotNil(t, r.TLS)
				assert.Equal(t, "h2", r.TLS.ALPN)
			}
		})
	}
}

func TestFailuresOnTheWayHaveTheirCodes(t *testing.T) {
	t.Parallel()
	cert := certs.Issue(nil)
	trust := option.TLS{CA: certs.PEM(cert)}
	guarded := peers.Showing(cert, "h2")
	guarded.ClientAuth = tls.RequireAnyClientCert
	old := peers.Showing(cert, "h2")
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	listen := func(script peers.Script) string { return peers.Listen(t, script).Address() }
	silent := listen(peers.Silence)
	deny := policy.Rules{Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for name, tt := range map[string]struct {
		plan  wire.Plan
		host  string
		code  errcode.Code
		phase errcode.Phase
	}{
		"nobody listens":             {wire.Plan{URL: at("grpc", peers.ClosedPort(t))}, "", errcode.Refused, errcode.PhaseConnect},
		"a denied address":           {wire.Plan{URL: at("grpc", silent), Rules: deny}, "", errcode.BlockedIP, errcode.PhaseConnect},
		"a denied name":              {wire.Plan{URL: at("grpc", silent), Rules: policy.Rules{DenyHosts: []string{"shop.internal"}}}, "shop.internal:1", errcode.BlockedHost, errcode.PhaseResolve},
		"no TLS, but gRPC":           {wire.Plan{URL: at("grpcs", listen(playing(well))), TLS: trust}, "", errcode.TLSRecord, errcode.PhaseTLS},
		"a silent server with TLS":   {wire.Plan{URL: at("grpcs", silent), TLS: trust, Dial: option.Dial{TLSTimeout: briefly}}, "", errcode.TLSTimeout, errcode.PhaseTLS},
		"TLS where none is expected": {wire.Plan{URL: at("grpc", listen(peers.Within(guarded, playing(well))))}, "", errcode.Closed, errcode.PhaseSend},
		"an unknown authority":       {wire.Plan{URL: at("grpcs", listen(peers.Within(peers.Showing(cert, "h2"), playing(well))))}, "", errcode.UnknownAuthority, errcode.PhaseTLS},
		"another name":               {wire.Plan{URL: at("grpcs", listen(peers.Within(peers.Showing(cert, "h2"), playing(well)))), TLS: option.TLS{CA: certs.PEM(cert), ServerName: "other.example"}}, "", errcode.HostnameMismatch, errcode.PhaseTLS},
		"HTTP/1.1 alone":             {wire.Plan{URL: at("grpcs", listen(peers.Within(peers.Showing(cert, "http/1.1"), peers.Silence))), TLS: trust}, "", errcode.TLSALPN, errcode.PhaseTLS},
		"no ALPN":                    {wire.Plan{URL: at("grpcs", listen(peers.Within(peers.Showing(cert), playing(well)))), TLS: trust}, "", errcode.TLSALPN, errcode.PhaseTLS},
		"no client certificate":      {wire.Plan{URL: at("grpcs", listen(peers.Within(guarded, playing(well)))), TLS: trust}, "", errcode.FromAlert(116), errcode.PhaseSend},
		"an old version of TLS":      {wire.Plan{URL: at("grpcs", listen(peers.Within(old, playing(well)))), TLS: option.TLS{CA: certs.PEM(cert), MinVersion: tls.VersionTLS10}}, "", errcode.FromConnection(12), errcode.PhaseTLS},
		"a proxy that is not there":  {wire.Plan{URL: at("grpc", silent), Proxy: wire.ProxyOptions{URL: at("http", peers.ClosedPort(t))}}, "", errcode.ProxyConnect, errcode.PhaseConnect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, Config{Plan: tt.plan, Authority: tt.host})
			r := do(e, patience)
			assert.Equal(t, tt.code, e.Code(r), textOf(r))
			assert.Equal(t, tt.phase, r.FailedIn(), textOf(r))
			assert.Zero(t, e.Open())
		})
	}
}

func TestCallsPassProxies(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, playing(well))
	for name, proxy := range map[string]*url.URL{
		"CONNECT": at("http", peers.Listen(t, peers.TunnelProxy(false)).Address()),
		"SOCKS":   at("socks5", peers.Listen(t, peers.SOCKSProxy(false, func(byte, string) {})).Address()),
	} {
		plan := planOf(p)
		plan.Proxy = wire.ProxyOptions{URL: proxy}
		e := newEngine(t, Config{Plan: plan})
		r := do(e, patience)
		assert.Equal(t, errcode.OK, e.Code(r), "%s: %s", name, textOf(r))
	}
}

// A call sends the time left at its sending, not the time from when it was due.
func TestTheTimeThatIsLeftIsThatAfterTheConnectionWasMade(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		-time.Second: "1u", 0: "1u", 1: "1u", time.Microsecond: "1u", 1500: "2u", time.Second: "1000000u",
		99_999_999 * time.Microsecond: "99999999u", 100 * time.Second: "100000m", time.Hour: "3600000m",
		1 << 62: "99999999S", 48 * time.Hour: "172800S",
	} {
		assert.Equal(t, want, string(appendTimeout(nil, left)), left)
	}
	const wait = 200 * time.Millisecond
	said := make(chan string, 1)
	p := peers.Listen(t, func(c net.Conn) {
		p := peers.NewH2(c)
		p.Decode()
		p.Preface()
		<-time.After(wait) // before the call can be sent
		_ = p.WriteSettings()
		heading := p.Heading()
		for _, f := range heading.Fields {
			if f.Name == "grpc-timeout" {
				said <- f.Value
			}
		}
		well(p, heading.StreamID)
		p.Ignore()
	})
	e := newEngine(t, Config{Plan: planOf(p)})
	r := do(e, time.Minute)
	require.Equal(t, errcode.OK, e.Code(r), textOf(r))
	left, err := time.ParseDuration(<-said + "s")
	require.NoError(t, err)
	assert.LessOrEqual(t, left, time.Minute-wait)
}

func TestWhatCannotBeUsedIsAnError(t *testing.T) {
	t.Parallel()
	for want, cfg := range map[string]Config{
		"the URL has no port": {Plan: wire.Plan{URL: at("grpc", "127.0.0.1")}},
		"is not a FileDescriptorSet, as protoc --include_imports --descriptor_set_out and buf build write it": {Plan: wire.Plan{URL: at("grpc", "127.0.0.1:1")}, Descriptors: []byte("x")},
		"there is no service shop.v1.Orders in the descriptors": {
			Plan: wire.Plan{URL: at("grpc", "127.0.0.1:1")}, Service: "shop.v1.Orders", Method: "Get", Expect: Expectation{Message: map[string]any{"a": "b"}},
		},
		`expect.message: state: grpc.health.v1.HealthCheckResponse has no field "state"`: {
			Plan: wire.Plan{URL: at("grpc", "127.0.0.1:1")}, Service: "grpc.health.v1.Health", Method: "Check", Expect: Expectation{Message: map[string]any{"state": "b"}},
		},
	} {
		_, err := New(cfg)
		assert.EqualError(t, err, want)
	}
	_, err := NewMix(nil)
	assert.EqualError(t, err, "a mix without a call")
}

package wire

import (
	"net"
	"net/url"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// A connection that is reset at accept may meet that in connect already. It comes to what a
// handshake or the exchange would have made of it.
func TestAResetThatConnectMeetsIsThatOfWhatFollows(t *testing.T) {
	t.Parallel()
	secure := &url.URL{Scheme: "https", Host: "name.test"}
	plain := &url.URL{Scheme: "http", Host: "name.test"}
	via := func(u *url.URL, scheme string) Plan {
		return Plan{URL: u, Proxy: ProxyOptions{URL: &url.URL{Scheme: scheme, Host: "192.0.2.1"}}}
	}
	for name, tt := range map[string]struct {
		Plan   Plan
		code   errcode.Code
		opened bool
		phase  errcode.Phase
	}{
		"a target":                   {Plan{URL: plain}, errcode.Reset, true, errcode.PhaseSend},
		"a target over TLS":          {Plan{URL: secure}, errcode.TLSClosed, false, errcode.PhaseTLS},
		"a proxy":                    {via(plain, "http"), errcode.Reset, true, errcode.PhaseSend},
		"a proxy for a tunnel":       {via(secure, "http"), errcode.Proxy, false, errcode.PhaseConnect},
		"an https proxy":             {via(plain, "https"), errcode.ProxyConnect, false, errcode.PhaseConnect},
		"an https proxy of a tunnel": {via(secure, "https"), errcode.ProxyConnect, false, errcode.PhaseConnect},
		"a SOCKS5 proxy":             {via(plain, "socks5"), errcode.Proxy, false, errcode.PhaseConnect},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTestDialer(t, tt.Plan)
			var r probe.Result
			r.Begin()
			r.Enter(errcode.PhaseConnect)
			r.Fail(&errcode.PhaseError{Err: d.unmade(&r, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNRESET})})
			require.Equal(t, tt.code, errcode.FromError(r.Err), "error: %v", r.Err)
			require.Equal(t, tt.opened, r.Opened)
			require.Equal(t, tt.phase, r.FailedIn())
		})
	}
}

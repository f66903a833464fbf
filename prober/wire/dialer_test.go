package wire

import (
	"net"
	"net/netip"
	"net/url"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/probe"
)

func TestPolicyHoldsForWhateverIsDialled(t *testing.T) {
	t.Parallel()
	server := peers.Listen(t, peers.Answering(peers.OKAnswer))
	names := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"127.0.0.1"}}})
	byName := server.Named("http", "name.test")
	tests := map[string]Plan{
		"an address":                      {URL: server.URL("http")},
		"a name":                          {URL: byName, Dial: option.Dial{IPVersion: option.OnlyIPv4}},
		"a given address":                 {URL: byName, Dial: option.Dial{Resolve: addressList("127.0.0.1")}},
		"a mapped address":                {URL: byName, Dial: option.Dial{Resolve: addressList("::ffff:127.0.0.1")}},
		"the unspecified address":         {URL: byName, Dial: option.Dial{Resolve: addressList("0.0.0.0")}},
		"an address behind NAT64":         {URL: &url.URL{Scheme: "http", Host: "[64:ff9b::127.0.0.5]"}},
		"a tunnelled address":             {URL: byName, Dial: option.Dial{Resolve: addressList("2002:7f00:5::1")}},
		"one behind NAT64 behind a proxy": {URL: &url.URL{Scheme: "https", Host: "[64:ff9b::7f00:5]"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a proxy":                         {URL: byName, Proxy: ProxyOptions{URL: server.URL("http")}},
		"a proxy with a name":             {URL: byName, Dial: option.Dial{IPVersion: option.OnlyIPv4}, Proxy: ProxyOptions{URL: byName}},
		"a target behind a proxy":         {URL: &url.URL{Scheme: "https", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
		"a target behind SOCKS":           {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "socks5", Host: "192.0.2.1"}}},
		"a forwarded request":             {URL: &url.URL{Scheme: "http", Host: "127.0.0.5"}, Proxy: ProxyOptions{URL: &url.URL{Scheme: "http", Host: "192.0.2.1"}}},
	}
	t.Cleanup(func() { assert.Zero(t, server.Connections()) })
	for name, p := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Rules.Deny = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			d := newTestDialer(t, p)
			d.lookup = directLookup(names.Address, policy.Policy{}) // the server of the test is on loopback
			r := dialOnce(d, patience)
			require.Equal(t, errcode.BlockedIP, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
		})
	}
}

// A missing route, for example to a family this host does not have, says less than the
// answer of another address.
func TestFailureIsThatOfAnAddressWithARoute(t *testing.T) {
	t.Parallel()
	const unrouted = "255.255.255.255" // TCP has no broadcasts
	if _, err := net.DialTimeout("tcp", unrouted+":9", time.Second); !isUnrouted(err) {
		t.Skip("this system has another error for it: ", err)
	}
	_, port, err := net.SplitHostPort(peers.ClosedPort(t))
	require.NoError(t, err)
	u := &url.URL{Scheme: "http", Host: "name.test:" + port}
	for name, addrs := range map[string][]netip.Addr{
		"first":  addressList(unrouted, "127.0.0.1"),
		"second": addressList("127.0.0.1", unrouted),
	} {
		r := dialOnce(newTestDialer(t, Plan{URL: u, Dial: option.Dial{Resolve: addrs}}), patience)
		assert.Equal(t, errcode.Refused, errcode.FromError(r.Err), "%s: %v", name, r.Err)
	}
	r := dialOnce(newTestDialer(t, Plan{URL: u, Dial: option.Dial{Resolve: addressList(unrouted)}}), patience)
	assert.Equal(t, errcode.NetworkUnreachable, errcode.FromError(r.Err), "%v", r.Err)
}

// A connection reset at accept may meet the reset in connect already. The failure is the
// same as in a handshake or in the exchange.
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

func TestDatagramsAreHeldBackUntilTheyAreLetGo(t *testing.T) {
	t.Parallel()
	peer, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer peer.Close()
	socket, err := net.DialUDP("udp", nil, peer.LocalAddr().(*net.UDPAddr))
	require.NoError(t, err)
	defer socket.Close()
	c := &Datagrams{UDPConn: socket, onFirst: func(probe.Instant) {}}
	c.Hold()
	var isLetGo atomic.Bool
	read := make(chan bool)
	go func() {
		_, _, _ = c.ReadFrom(make([]byte, 16))
		read <- isLetGo.Load()
	}()
	_, err = peer.WriteTo([]byte("hello"), socket.LocalAddr())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return c.Heard() != 0 }, patience, time.Millisecond)
	isLetGo.Store(true)
	c.LetGo()
	assert.True(t, <-read, "it came before")
	c.LetGo() // does nothing the second time
}

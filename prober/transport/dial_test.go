package transport

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

// doUntil performs a request and ends its context after a while.
func doUntil(tr *Transport, after time.Duration) *probe.Result {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	time.AfterFunc(after, cancel)
	var r probe.Result
	again(ctx, tr, &r, patience)
	return &r
}

func TestAddressesAreTriedInTurn(t *testing.T) {
	t.Parallel()
	needElsewhere(t)
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	tests := map[string]struct {
		addrs []netip.Addr
		code  errcode.Code
		at    string
	}{
		"the first one answers":        {addrs: addresses("127.0.0.1", elsewhere), at: "127.0.0.1"},
		"the first one refuses":        {addrs: addresses(elsewhere, "127.0.0.1"), at: "127.0.0.1"},
		"all but the last one refuse":  {addrs: addresses(elsewhere, "127.0.0.78", "::1", "127.0.0.1"), at: "127.0.0.1"},
		"all refuse":                   {addrs: addresses(elsewhere, "127.0.0.78"), at: "127.0.0.78", code: errcode.Refused},
		"an IPv4 address in IPv6 form": {addrs: addresses("::ffff:127.0.0.1"), at: "127.0.0.1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTransport(t, Config{URL: p.Named("http", "name.test"), Dial: option.Dial{Resolve: test.addrs}})
			r := do(tr, patience)
			require.Equal(t, test.code, errcode.FromError(r.Err), "%v", r.Err)
			assert.Equal(t, test.at, r.Remote.Addr().String())
			_, resolved := r.Phase(errcode.PhaseResolve)
			assert.False(t, resolved, "nothing is looked up")
		})
	}
}

func TestAddressThatSwallowsPacketsLeavesTimeForTheNext(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	target, err := net.ResolveTCPAddr("tcp", p.Addr().String())
	require.NoError(t, err)
	swallow(t, netip.AddrPortFrom(netip.MustParseAddr(elsewhere), uint16(target.Port)))

	tr := newTransport(t, Config{
		URL:  p.Named("http", "name.test"),
		Dial: option.Dial{Resolve: addresses(elsewhere, "127.0.0.1"), ConnectTimeout: 2 * amply}, // half of it is for the first address
	})
	r := do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, "127.0.0.1", r.Remote.Addr().String())
}

func TestAddressThatSwallowsPackets(t *testing.T) {
	t.Parallel()
	at := swallow(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 0))
	u := &url.URL{Scheme: "http", Host: at.String()}

	results := allAtOnce(map[string]func() *probe.Result{
		"until connect_timeout": func() *probe.Result {
			return do(newTransport(t, Config{URL: u, Dial: option.Dial{ConnectTimeout: briefly}}), patience)
		},
		"until the time of the request is over": func() *probe.Result {
			return do(newTransport(t, Config{URL: u}), briefly)
		},
		"until the context ends": func() *probe.Result { return doUntil(newTransport(t, Config{URL: u}), briefly) },
	})
	for name, r := range results {
		want := errcode.DialTimeout
		if name == "until the context ends" {
			want = errcode.Cancelled
		}
		assert.Equal(t, want, errcode.FromError(r.Err), "%s: %v", name, r.Err)
		assert.Equal(t, errcode.PhaseConnect, r.FailedIn(), name)
	}
}

func TestSourceAddress(t *testing.T) {
	t.Parallel()
	needElsewhere(t)
	from := make(chan string, 1)
	p := peers.Listen(t, func(c net.Conn) {
		from <- c.RemoteAddr().(*net.TCPAddr).IP.String()
		peers.Answering(peers.OKAnswer)(c)
	})
	tr := newTransport(t, Config{
		URL:  p.Named("http", "name.test"),
		Dial: option.Dial{Resolve: addresses("::1", "127.0.0.1"), SourceAddress: netip.MustParseAddr(elsewhere)},
	})
	r := do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, elsewhere, <-from)
}

func TestSourceAddressOfAnotherHost(t *testing.T) {
	t.Parallel()
	p := peers.Listen(t, peers.Answering(peers.OKAnswer))
	tr := newTransport(t, Config{URL: p.URL("http"), Dial: option.Dial{SourceAddress: netip.MustParseAddr("192.0.2.200")}})
	r := do(tr, patience)
	assert.Equal(t, errcode.LocalPorts, errcode.FromError(r.Err), "%v", r.Err)
	assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
}

func TestSettingsThatExcludeEachOther(t *testing.T) {
	t.Parallel()
	literal := &url.URL{Scheme: "https", Host: "127.0.0.1"}
	via := wire.ProxyOptions{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:3128"}}
	tests := map[string]Config{
		"another scheme":                       {URL: &url.URL{Scheme: "ftp", Host: "a"}},
		"no host":                              {URL: &url.URL{Scheme: "http", Host: ":80"}},
		"port 0":                               {URL: &url.URL{Scheme: "http", Host: "a:0"}},
		"a port above 65535":                   {URL: &url.URL{Scheme: "http", Host: "a:65536"}},
		"an IPv4 address for IPv6 only":        {URL: literal, Dial: option.Dial{IPVersion: option.OnlyIPv6}},
		"given addresses of the other family":  {URL: literal, Dial: option.Dial{Resolve: addresses("::1"), IPVersion: option.OnlyIPv4}},
		"a source address of the other family": {URL: literal, Dial: option.Dial{SourceAddress: netip.MustParseAddr("::1"), IPVersion: option.OnlyIPv4}},
		"a source address of no use":           {URL: literal, Dial: option.Dial{SourceAddress: netip.MustParseAddr("::1")}},
		"given addresses behind a proxy":       {URL: literal, Dial: option.Dial{Resolve: addresses("::1")}, Proxy: via},
		"a proxy of another scheme":            {URL: literal, Proxy: wire.ProxyOptions{URL: &url.URL{Scheme: "ftp", Host: "a"}}},
		"versions of TLS upside down":          {URL: literal, TLS: option.TLS{MinVersion: 0x304, MaxVersion: 0x303}},
		"a highest version below the default":  {URL: literal, TLS: option.TLS{MaxVersion: 0x302}},
		"no certificate in the CA file":        {URL: literal, TLS: option.TLS{CA: []byte("none")}},
		"a client certificate without its key": {URL: literal, TLS: option.TLS{Cert: []byte("none")}},
	}
	for name, cfg := range tests {
		_, err := New(cfg)
		assert.Error(t, err, name)
	}
}

func TestEachConnectionResolvesAnew(t *testing.T) {
	t.Parallel()
	server := peers.ServeZone(t, map[string]peers.Entry{"name.test.": {IPv4: []string{"127.0.0.1"}}})
	target := peers.Listen(t, peers.Answering(peers.OKAnswer))
	tr := newTransport(t, Config{
		URL:                   target.Named("http", "name.test"),
		Dial:                  option.Dial{IPVersion: option.OnlyIPv4, DNSServer: server.Address},
		RequestsPerConnection: 1,
	})
	for range 3 {
		r := do(tr, patience)
		require.NoError(t, r.Err)
		_, resolved := r.Phase(errcode.PhaseResolve)
		assert.True(t, resolved)
	}
	assert.EqualValues(t, 3, server.Questions.Load())
}

package transport

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
)

// elsewhere is an address of this host besides 127.0.0.1.
const elsewhere = "127.0.0.77"

func addresses(texts ...string) []netip.Addr {
	addrs := make([]netip.Addr, len(texts))
	for i, text := range texts {
		addrs[i] = netip.MustParseAddr(text)
	}
	return addrs
}

// needElsewhere skips a test where the system has only one loopback address.
func needElsewhere(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp", elsewhere+":0")
	if err != nil {
		t.Skip("no second loopback address: ", err)
	}
	_ = ln.Close()
}

// allAtOnce performs requests at the same time, so that those that wait do so
// together, and returns what each came to.
func allAtOnce(requests map[string]func() *Result) map[string]*Result {
	var mu sync.Mutex
	var performing sync.WaitGroup
	results := make(map[string]*Result, len(requests))
	for name, perform := range requests {
		performing.Go(func() {
			r := perform()
			mu.Lock()
			defer mu.Unlock()
			results[name] = r
		})
	}
	performing.Wait()
	return results
}

// doUntil performs a request whose context ends after a while.
func doUntil(tr *Transport, after time.Duration) *Result {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	time.AfterFunc(after, cancel)
	var r Result
	now := Now()
	r.Reset(now, now.Add(patience))
	tr.Do(ctx, &r)
	return &r
}

func TestAddressesAreTriedInTurn(t *testing.T) {
	t.Parallel()
	needElsewhere(t)
	p := listen(t, answering(okAnswer))
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
			tr := newTransport(t, Config{URL: named(t, p, "name.test"), Resolve: test.addrs})
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
	p := listen(t, answering(okAnswer))
	target, err := net.ResolveTCPAddr("tcp", p.Addr().String())
	require.NoError(t, err)
	swallow(t, netip.AddrPortFrom(netip.MustParseAddr(elsewhere), uint16(target.Port)))

	tr := newTransport(t, Config{
		URL:            named(t, p, "name.test"),
		Resolve:        addresses(elsewhere, "127.0.0.1"),
		ConnectTimeout: 2 * amply, // half of it is the first address's
	})
	r := do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, "127.0.0.1", r.Remote.Addr().String())
}

func TestAddressThatSwallowsPackets(t *testing.T) {
	t.Parallel()
	at := swallow(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 0))
	u := &url.URL{Scheme: "http", Host: at.String()}

	results := allAtOnce(map[string]func() *Result{
		"until connect_timeout": func() *Result {
			return do(newTransport(t, Config{URL: u, ConnectTimeout: briefly}), patience)
		},
		"until the time of the request is over": func() *Result {
			return do(newTransport(t, Config{URL: u}), briefly)
		},
		"until the context ends": func() *Result { return doUntil(newTransport(t, Config{URL: u}), briefly) },
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

// The lack of a route, as to a family that this host does not have, says less
// than the answer of another address.
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
		"first":  addresses(unrouted, "127.0.0.1"),
		"second": addresses("127.0.0.1", unrouted),
	} {
		r := do(newTransport(t, Config{URL: u, Resolve: addrs}), patience)
		assert.Equal(t, errcode.Refused, errcode.FromError(r.Err), "%s: %v", name, r.Err)
	}
	r := do(newTransport(t, Config{URL: u, Resolve: addresses(unrouted)}), patience)
	assert.Equal(t, errcode.NetworkUnreachable, errcode.FromError(r.Err), "%v", r.Err)
}

func TestSourceAddress(t *testing.T) {
	t.Parallel()
	needElsewhere(t)
	from := make(chan string, 1)
	p := listen(t, func(c net.Conn) {
		from <- c.RemoteAddr().(*net.TCPAddr).IP.String()
		answering(okAnswer)(c)
	})
	tr := newTransport(t, Config{
		URL:           named(t, p, "name.test"),
		Resolve:       addresses("::1", "127.0.0.1"),
		SourceAddress: netip.MustParseAddr(elsewhere),
	})
	r := do(tr, patience)
	require.NoError(t, r.Err)
	assert.Equal(t, elsewhere, <-from)
}

func TestSourceAddressOfAnotherHost(t *testing.T) {
	t.Parallel()
	p := listen(t, answering(okAnswer))
	tr := newTransport(t, Config{URL: p.url("http"), SourceAddress: netip.MustParseAddr("192.0.2.200")})
	r := do(tr, patience)
	assert.Equal(t, errcode.LocalPorts, errcode.FromError(r.Err), "%v", r.Err)
	assert.Equal(t, errcode.PhaseConnect, r.FailedIn())
}

func TestSettingsThatExcludeEachOther(t *testing.T) {
	t.Parallel()
	literal := &url.URL{Scheme: "https", Host: "127.0.0.1"}
	via := ProxyOptions{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:3128"}}
	tests := map[string]Config{
		"another scheme":                       {URL: &url.URL{Scheme: "ftp", Host: "a"}},
		"no host":                              {URL: &url.URL{Scheme: "http", Host: ":80"}},
		"port 0":                               {URL: &url.URL{Scheme: "http", Host: "a:0"}},
		"a port above 65535":                   {URL: &url.URL{Scheme: "http", Host: "a:65536"}},
		"an IPv4 address for IPv6 only":        {URL: literal, IPVersion: OnlyIPv6},
		"given addresses of the other family":  {URL: literal, Resolve: addresses("::1"), IPVersion: OnlyIPv4},
		"a source address of the other family": {URL: literal, SourceAddress: netip.MustParseAddr("::1"), IPVersion: OnlyIPv4},
		"a source address of no use":           {URL: literal, SourceAddress: netip.MustParseAddr("::1")},
		"given addresses behind a proxy":       {URL: literal, Resolve: addresses("::1"), Proxy: via},
		"a proxy of another scheme":            {URL: literal, Proxy: ProxyOptions{URL: &url.URL{Scheme: "ftp", Host: "a"}}},
		"versions of TLS upside down":          {URL: literal, TLS: TLSOptions{MinVersion: 0x304, MaxVersion: 0x303}},
		"a highest version below the default":  {URL: literal, TLS: TLSOptions{MaxVersion: 0x302}},
		"no certificate in the CA file":        {URL: literal, TLS: TLSOptions{CA: []byte("none")}},
		"a client certificate without its key": {URL: literal, TLS: TLSOptions{Cert: []byte("none")}},
	}
	for name, cfg := range tests {
		_, err := New(cfg)
		assert.Error(t, err, name)
	}
}

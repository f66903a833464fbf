package transport

import (
	"io"
	"net"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/internal/lab"
	"example.com/prober/prober/wire"
)

// It runs alone, since it counts what the whole process has open.
func TestFailuresLeaveNoFileDescriptorOpen(t *testing.T) {
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Skip("file descriptors cannot be counted here: ", err)
	}
	silence := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	silent, hostile := lab.Listen(t, silence), lab.Listen(t, lab.AnsweringOnce("SSH-2.0-OpenSSH_9.2\r\n"))
	server := lab.ServeDNS(t, map[string]lab.DnsAnswer{
		"good.test.":   {Ipv4: []string{"127.0.0.1"}},
		"broken.test.": lab.Failing(dnsmessage.RCodeServerFailure),
		"silent.test.": {Silent: true},
	})
	host := func(name string) *url.URL { return &url.URL{Scheme: "https", Host: name + ":9"} }
	target := host("127.0.0.1")
	failures := map[string]Config{
		"a name that does not exist":  {URL: host("none.test"), Dial: option.Dial{DNSServer: server.Addr}},
		"a server that fails":         {URL: host("broken.test"), Dial: option.Dial{DNSServer: server.Addr}},
		"a server that says nothing":  {URL: host("silent.test"), Dial: option.Dial{DNSServer: server.Addr}},
		"a port where nobody listens": {URL: host("good.test"), Dial: option.Dial{DNSServer: server.Addr}},
		"an address that is denied":   {URL: target, Rules: policy.Rules{Deny: lab.Prefixes("127.0.0.0/8")}},
		"no TLS":                      {URL: hostile.URL("https")},
		"no handshake":                {URL: silent.URL("https")},
		"no proxy":                    {URL: target, Proxy: wire.ProxyOptions{URL: hostile.URL("http")}},
		"no HTTPS proxy":              {URL: target, Proxy: wire.ProxyOptions{URL: hostile.URL("https")}},
		"no SOCKS5 proxy":             {URL: target, Proxy: wire.ProxyOptions{URL: hostile.URL("socks5")}},
		"a proxy that says nothing":   {URL: target, Proxy: wire.ProxyOptions{URL: silent.URL("http")}},
	}
	before := openDescriptors(t)
	for name, cfg := range failures {
		cfg.ConnectTimeout, cfg.TLSTimeout = lab.Briefly, lab.Briefly
		tr := newTransport(t, cfg)
		require.Error(t, do(tr, lab.Patience).Err, name)
		require.Zero(t, tr.Open(), name)
	}
	require.Eventually(t, func() bool { return openDescriptors(t) == before }, lab.Patience, 10*time.Millisecond,
		"peers close their ends a moment later")
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

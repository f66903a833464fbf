package transport

import (
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"example.com/prober/internal/peers"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/wire"
)

// It runs alone, since it counts the open descriptors of the whole process.
func TestFailuresLeaveNoFileDescriptorOpen(t *testing.T) {
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Skip("file descriptors cannot be counted here: ", err)
	}
	silence := peers.Silence
	silent, hostile := peers.Listen(t, silence), peers.Listen(t, peers.AnsweringOnce("SSH-2.0-OpenSSH_9.2\r\n"))
	server := peers.ServeZone(t, map[string]peers.Entry{
		"good.test.":   {IPv4: []string{"127.0.0.1"}},
		"broken.test.": peers.Failing(dnsmessage.RCodeServerFailure),
		"silent.test.": {Silent: true},
	})
	host := func(name string) *url.URL { return &url.URL{Scheme: "https", Host: name + ":9"} }
	target := host("127.0.0.1")
	failures := map[string]Config{
		"a name that does not exist":  {URL: host("none.test"), Dial: option.Dial{DNSServer: server.Address}},
		"a server that fails":         {URL: host("broken.test"), Dial: option.Dial{DNSServer: server.Address}},
		"a server that says nothing":  {URL: host("silent.test"), Dial: option.Dial{DNSServer: server.Address}},
		"a port where nobody listens": {URL: host("good.test"), Dial: option.Dial{DNSServer: server.Address}},
		"an address that is denied":   {URL: target, Rules: policy.Rules{Deny: prefixes("127.0.0.0/8")}},
		"no TLS":                      {URL: hostile.URL("https")},
		"no handshake":                {URL: silent.URL("https")},
		"no proxy":                    {URL: target, Proxy: wire.ProxyOptions{URL: hostile.URL("http")}},
		"no HTTPS proxy":              {URL: target, Proxy: wire.ProxyOptions{URL: hostile.URL("https")}},
		"no SOCKS5 proxy":             {URL: target, Proxy: wire.ProxyOptions{URL: hostile.URL("socks5")}},
		"a proxy that says nothing":   {URL: target, Proxy: wire.ProxyOptions{URL: silent.URL("http")}},
	}
	failures["nobody answers over UDP"] = overHTTP3(peers.Packets(t, func([]byte) []byte { return nil }))
	failures["a port of UDP where nobody listens"] = overHTTP3(peers.ClosedPacketPort(t))
	failures["another version of QUIC"] = overHTTP3(peers.Packets(t, peers.NegotiateVersion(0x1a2a3a4a)))
	failures["a refused connection of QUIC"] = overHTTP3(peers.Packets(t, peers.CloseInitially(2, "")))
	failures["no certificate that is known"] = overHTTP3(peers.ListenQUIC(t, peers.Settings{}, func(*peers.H3) {}).Address())
	before := openDescriptors(t)
	for name, cfg := range failures {
		cfg.ConnectTimeout, cfg.TLSTimeout = briefly, briefly
		tr := newTransport(t, cfg)
		require.Error(t, do(tr, patience).Err, name)
		require.Zero(t, tr.Open(), name)
	}
	require.Eventually(t, func() bool { return openDescriptors(t) == before }, patience, 10*time.Millisecond,
		"peers close their ends a moment later")
}

func overHTTP3(address string) Config {
	return Config{URL: &url.URL{Scheme: "https", Host: address}, HTTPVersion: option.OnlyHTTP3}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

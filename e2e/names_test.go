package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"os/user"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
)

// startDnsmasq starts a dnsmasq with the records in the arguments and no upstream, and returns its address.
func startDnsmasq(t *testing.T, args ...string) string {
	t.Helper()
	path, port := rig.Program(t, "dnsmasq", "dnsmasq-base"), rig.FreePort(t)
	self, err := user.Current()
	require.NoError(t, err)
	args = append([]string{
		"--keep-in-foreground", "--log-facility=-", "--log-queries", "--conf-file=/dev/null", "--pid-file",
		"--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1", "--port=" + port, "--user=" + self.Username,
	}, args...)
	address := net.JoinHostPort("127.0.0.1", port)
	awaitListener(t, rig.Start(t, exec.CommandContext(t.Context(), path, args...)), address)
	return address
}

func TestEachAnswerOfADNSServerHasItsCode(t *testing.T) {
	b := startBackend(t)
	_, port, err := net.SplitHostPort(b.address)
	require.NoError(t, err)
	dns := startDnsmasq(t,
		"--address=/known.test/127.0.0.1", "--local=/known.test/",
		"--address=/six.test/::1", "--local=/six.test/",
		"--address=/half.test/127.0.0.1", // of the other family nothing is known
		"--address=/nothing.test/",       // NXDOMAIN
		"--address=/denied.test/169.254.169.254",
		"--txt-record=text.test,no address",
		"--local=/text.test/",
		"--cname=alias.test,known.test",
	)
	silent := peers.NameServer(t, peers.SilentNames)
	l := load{defaults: "connection: {dns_server: '" + dns + "'}", targets: map[string]string{}}
	want := map[string]string{}
	for _, c := range []struct{ name, host, keys, code string }{
		{"a-known-name", "known.test", "", "0"},
		{"a-known-name-anew", "known.test", "connection: {reuse: never}", "0"},
		{"a-name-that-is-refused-in-one-family", "half.test", "", "0"},
		{"a-name-that-is-refused-in-the-wanted-family", "half.test", "connection: {ip_version: 6}", "1103"},
		{"a-name-below-it", "www.known.test", "connection: {ip_version: 4}", "0"},
		{"a-known-name-of-the-other-family", "known.test", "connection: {ip_version: 6}", "1107"},
		{"a-name-with-IPv6-only", "six.test", "connection: {ip_version: 4}", "1107"},
		{"a-name-that-does-not-exist", "nothing.test", "", "1101"},
		{"a-name-without-addresses", "text.test", "", "1101"},
		{"a-name-that-is-refused", "elsewhere.test", "", "1103"},
		{"a-name-of-a-denied-address", "denied.test", "", "1110"},
		{"a-server-that-is-silent", "known.test", "connection: {dns_server: '" + silent + "', connect_timeout: 2s}", "1105"},
		{"a-server-that-is-not-there", "known.test", "connection: {dns_server: '127.0.0.1:1'}", "1108"},
	} {
		l.targets[c.name] = fmt.Sprintf("url: 'http://%s:%s/1KiB?%s', burst: {requests: 4, concurrency: 2}, %s", c.host, port, c.name, c.keys)
		want[c.name] = c.code
	}
	f := fire(t, l, "1s")
	f.awaitBursts(2)
	m := f.settle(t)
	b.assertCodes(t, m, want)
}

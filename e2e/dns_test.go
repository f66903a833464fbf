package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// dnsOverTLSConfig makes haproxy do TLS before a DNS server.
const dnsOverTLSConfig = `
defaults
  mode tcp
  timeout connect 10s
  timeout client 1m
  timeout server 1m
listen dot
  bind %s ssl crt %s alpn dot
  server dns %s
`

// startDNSOverTLS starts a haproxy that does TLS before a DNS server, and returns its address.
func startDNSOverTLS(t *testing.T, dir, server string) string {
	t.Helper()
	path := rig.Program(t, "haproxy", "haproxy")
	address := net.JoinHostPort("127.0.0.1", rig.FreePort(t))
	cert := certs.Issue(nil)
	pem := filepath.Join(dir, "both.pem")
	require.NoError(t, os.WriteFile(pem, append(certs.PEM(cert), certs.KeyPEM(cert)...), 0o600))
	peers.WriteCertificate(t, dir, "dot", cert)
	file := filepath.Join(dir, "haproxy.cfg")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, dnsOverTLSConfig, address, pem, server), 0o600))
	awaitListener(t, rig.Start(t, exec.CommandContext(t.Context(), path, "-db", "-f", file)), address)
	return address
}

// startFullDnsmasq starts a dnsmasq with records of most types.
func startFullDnsmasq(t *testing.T) string {
	t.Helper()
	long := make([]string, 0, 20)
	for i := range cap(long) {
		long = append(long, fmt.Sprintf("--txt-record=long.test,%d %s", i, strings.Repeat("x", 200)))
	}
	return startDnsmasq(t, append([]string{
		"--host-record=known.test,192.0.2.1,2001:db8::1,300",
		"--host-record=two.test,192.0.2.1", "--host-record=two.test,192.0.2.2",
		"--address=/nothing.test/", "--local=/text.test/", "--local=/test.local/",
		"--cname=alias.test,known.test",
		"--mx-host=known.test,mail.test,10",
		"--srv-host=_sip._tcp.known.test,sip.test,5060,1,2",
		"--ptr-record=1.2.0.192.in-addr.arpa,known.test",
		"--txt-record=text.test,v=spf1 -all",
		"--caa-record=known.test,0,issue,ca.test",
		"--dns-rr=known.test,65,0001000001000602683202683300040004c0000201",
		"--local-ttl=300",
	}, long...)...)
}

func TestADNSServerIsAsked(t *testing.T) {
	dir := t.TempDir()
	server := startFullDnsmasq(t)
	secured := startDNSOverTLS(t, dir, server)
	l := load{defaults: "burst: {requests: 6, concurrency: 2}, connection: {tls: {ca_file: '" + filepath.Join(dir, "dot.pem") + "'}}", targets: map[string]string{}}
	want := map[string]string{}
	for _, c := range []struct{ name, dns, keys, code string }{
		{"an-address", "name: known.test", "expect: {answers: {regexp: '^192\\.0\\.2\\.1$', min_ttl: 5m}}", "0"},
		{"a-ttl-that-is-too-low", "name: known.test", "expect: {answers: {min_ttl: 301s}}", "1721"},
		{"two-addresses", "name: two.test", "expect: {answers: {count: 2}}", "0"},
		{"three-addresses", "name: two.test", "expect: {answers: {count: 3}}", "1721"},
		{"an-address-of-IPv6", "name: known.test, type: AAAA", "expect: {answers: {regexp: '^2001:db8::1$'}}", "0"},
		{"an-alias", "name: alias.test", "expect: {answers: {regexp: '^192\\.0\\.2\\.1$'}}", "0"},
		{"an-alias-itself", "name: alias.test, type: CNAME", "expect: {answers: {regexp: '^known\\.test\\.$'}}", "0"},
		{"mail", "name: known.test, type: MX", "expect: {answers: {regexp: '^10 mail\\.test\\.$'}}", "0"},
		{"a-service", "name: _sip._tcp.known.test, type: SRV", "expect: {answers: {regexp: '^1 2 5060 sip\\.test\\.$'}}", "0"},
		{"a-reverse", "name: 1.2.0.192.in-addr.arpa, type: PTR", "expect: {answers: {regexp: '^known\\.test\\.$'}}", "0"},
		{"a-text", "name: text.test, type: TXT", "expect: {answers: {regexp: '^\"v=spf1 -all\"$'}}", "0"},
		{"an-authority", "name: known.test, type: CAA", "expect: {answers: {regexp: '^0 issue \"ca\\.test\"$'}}", "0"},
		{"https", "name: known.test, type: HTTPS", "expect: {answers: {regexp: '^1 \\. alpn=\"h2,h3\" ipv4hint=192\\.0\\.2\\.1$'}}", "0"},
		{"a-long-text", "name: long.test, type: TXT", "expect: {answers: {count: 20}}", "0"},
		{"a-long-text-over-tcp", "name: long.test, type: TXT, transport: tcp", "expect: {answers: {count: 20}}", "0"},
		{"a-long-text-over-tls", "name: long.test, type: TXT, transport: tls", "expect: {answers: {count: 20}}", "0"},
		{"no-such-name", "name: nothing.test", "", "1101"},
		{"no-such-name-as-it-should-be", "name: nothing.test", "expect: {rcode: NXDOMAIN}", "0"},
		{"a-name-that-should-not-be", "name: known.test", "expect: {rcode: [NXDOMAIN, REFUSED]}", "1720"},
		{"no-record", "name: text.test", "", "1101"},
		{"no-record-as-it-should-be", "name: text.test", "expect: {answers: {count: 0}}", "0"},
		{"refused", "name: elsewhere.example", "", "1103"},
		{"refused-over-tls", "name: elsewhere.example, transport: tls", "", "1103"},
		{"new-ports", "name: known.test", "connection: {reuse: never}", "0"},
		{"new-connections", "name: known.test, transport: tls", "connection: {reuse: never}", "0"},
	} {
		at := server
		if strings.Contains(c.dns, "tls") {
			at = secured
		}
		l.targets[c.name] = fmt.Sprintf("url: 'dns://%s', dns: {%s}, %s", at, c.dns, c.keys)
		want[c.name] = c.code
	}
	f := fire(t, l, "1s")
	f.awaitBursts(2)
	m := f.settle(t)
	for target, code := range want {
		total := m.Sum("prober_requests_total", "target", target)
		assert.Equal(t, map[string]float64{code: total}, m.Codes(target), target)
		cut := m.Sum("prober_dns_answers_cut_total", "target", target)
		if target == "a-long-text" {
			assert.InDelta(t, total, cut, 0)
		} else {
			assert.Zero(t, cut, target)
		}
	}
	opened, reused := m.By("prober_connections_opened_total", "target"), m.By("prober_connections_reused_total", "target")
	for _, target := range []string{"new-ports", "new-connections"} {
		assert.InDelta(t, m.Sum("prober_requests_total", "target", target), opened[target], 0)
		assert.Zero(t, reused[target])
	}
	assert.NotZero(t, reused["an-address"])
}

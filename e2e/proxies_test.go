package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"testing"

	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

const tinyproxyConfig = `
Port %s
Listen 127.0.0.1
Timeout 600
MaxClients 200
LogLevel Connect
Allow 127.0.0.1
%s
`

// startTinyproxy starts an HTTP proxy and returns its address.
func startTinyproxy(t *testing.T, extra string) string {
	t.Helper()
	path, port := rig.Program(t, "tinyproxy", "tinyproxy"), rig.FreePort(t)
	config := rig.WriteFile(t, t.TempDir(), "tinyproxy.conf", tinyproxyConfig, port, extra)
	return startProxy(t, port, path, "-d", "-c", config)
}

// startMicrosocks starts a SOCKS5 proxy and returns its address.
func startMicrosocks(t *testing.T, args ...string) string {
	t.Helper()
	path, port := rig.Program(t, "microsocks", "microsocks"), rig.FreePort(t)
	return startProxy(t, port, path, append([]string{"-i", "127.0.0.1", "-p", port}, args...)...)
}

func startProxy(t *testing.T, port, path string, args ...string) string {
	t.Helper()
	address := net.JoinHostPort("127.0.0.1", port)
	awaitListener(t, rig.Start(t, exec.CommandContext(t.Context(), path, args...)), address)
	return address
}

func TestEachRequestThroughAProxyArrivesOrHasTheCodeOfTheProxy(t *testing.T) {
	b := startBackend(t)
	dir := t.TempDir()
	secure, caFile := startSecureBackend(t, b, dir)
	right, wrong := rig.WriteFile(t, dir, "right", "sesame"), rig.WriteFile(t, dir, "wrong", "barley")
	credentials := func(passwordFile string) string {
		return ", proxy_username: ali, proxy_password_file: " + passwordFile
	}
	open := "http://" + startTinyproxy(t, "")
	locked := "http://" + startTinyproxy(t, "BasicAuth ali sesame")
	socks := "socks5://" + startMicrosocks(t)
	lockedSocks := "socks5h://" + startMicrosocks(t, "-u", "ali", "-P", "sesame")
	absent := "127.0.0.1:1" // for root alone

	l := load{
		defaults: fmt.Sprintf("burst: {requests: 6, concurrency: 2}, connection: {connect_timeout: 1m, tls_timeout: 1m, tls: {ca_file: %s}}", caFile),
		targets:  map[string]string{},
	}
	want := map[string]string{}
	for _, c := range []struct{ name, proxy, keys, http, https string }{
		// tinyproxy closes the connection after each forwarded request, without announcing it.
		{"http", open, "", "", "0"},
		{"http-anew", open, ", reuse: never", "0", "0"},
		{"http-right", locked, credentials(right) + ", reuse: never", "0", "0"},
		{"http-wrong", locked, credentials(wrong), "1401", "1032"}, // tinyproxy answers with a 401
		{"http-nobody", locked, "", "1033", "1033"},
		{"http-absent", "http://" + absent, "", "1031", "1031"},
		{"http-absent-not-used", "http://" + absent, ", no_proxy: [127.0.0.0/8]", "0", "0"},
		{"socks", socks, "", "0", "0"},
		{"socks-anew", socks, ", reuse: never", "0", "0"},
		{"socks-right", lockedSocks, credentials(right), "0", "0"},
		{"socks-wrong", lockedSocks, credentials(wrong), "1034", "1034"},
		{"socks-nobody", lockedSocks, "", "1034", "1034"},
		{"socks-absent", "socks5://" + absent, "", "1031", "1031"},
		{"socks-absent-not-used", "socks5://" + absent, ", no_proxy: ['*']", "0", "0"},
	} {
		target := func(scheme, address, code string) {
			if code == "" {
				return
			}
			name := c.name + "/" + scheme
			l.targets[name] = fmt.Sprintf("url: '%s://%s/1KiB?%s', connection: {proxy_url: '%s'%s}", scheme, address, name, c.proxy, c.keys)
			want[name] = code
		}
		target("http", b.address, c.http)
		target("https", secure, c.https)
	}
	f := fire(t, l, "1s")
	f.awaitBursts(2)
	m := f.settle(t)
	b.assertCodes(t, m, want)
}

// startSecureBackend serves b with TLS, too, and returns the address and the file of the authority.
func startSecureBackend(t *testing.T, b *backend, dir string) (address, authority string) {
	t.Helper()
	cert := certs.Issue(nil)
	authority, _ = peers.WriteCertificate(t, dir, "cert", cert)
	return peers.Serve(t, peers.HTTP1TLS, b.ServeHTTP, peers.Showing(cert)).Address(), authority
}

package e2e

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

// nameserver is an address of this host without another DNS server.
const nameserver = "127.53.0.1"

// startNameserver starts a dnsmasq on port 53, the only port for resolv.conf.
func startNameserver(t *testing.T, args ...string) *rig.Process {
	t.Helper()
	path := rig.Program(t, "dnsmasq", "dnsmasq-base")
	self, err := user.Current()
	require.NoError(t, err)
	args = append([]string{
		"--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--pid-file", "--no-resolv", "--no-hosts",
		"--bind-interfaces", "--listen-address=" + nameserver, "--port=53", "--user=" + self.Username,
	}, args...)
	p := rig.Start(t, exec.CommandContext(t.Context(), path, args...))
	awaitListener(t, p, net.JoinHostPort(nameserver, "53"))
	return p
}

// withResolver returns a program that runs the prober with its own resolv.conf.
func withResolver(t *testing.T) string {
	t.Helper()
	unshare := rig.Program(t, "unshare", "util-linux")
	dir := t.TempDir()
	conf := rig.WriteFile(t, dir, "resolv.conf", "nameserver %s\noptions timeout:1 attempts:1\n", nameserver)
	path := filepath.Join(dir, "prober")
	script := "#!/bin/sh\nexec " + unshare + " --mount -- sh -c 'mount --bind " + conf + " /etc/resolv.conf && exec \"$@\"' sh " + prober + " \"$@\"\n"
	require.NoError(t, os.WriteFile(path, []byte(script), 0o700))
	return path
}

func TestTargetsAreFoundInTheDNS(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("a resolv.conf of one process needs root")
	}
	b := startBackend(t)
	_, port, err := net.SplitHostPort(b.address)
	require.NoError(t, err)
	records := []string{
		"--srv-host=_shop._tcp.test,one.test," + port, "--srv-host=_shop._tcp.test,two.test," + port,
		"--host-record=one.test,127.0.0.1", "--host-record=two.test,127.0.0.1", "--host-record=three.test,127.0.0.1",
		"--local=/test/",
	}
	server := startNameserver(t, records...)
	d := rig.StartDaemon(t, withResolver(t), `
defaults: {interval: 100ms, timeout: 1m}
targets: []
discover:
  - name: dns
    dns_sd_configs:
      - {names: [_shop._tcp.test], refresh_interval: 1s}
      - {names: [three.test], type: A, port: `+port+`, refresh_interval: 1s}
    target: {name: '{{ __meta_dns_name }}/{{ __address__ }}', url: 'http://{{ __address__ }}/'}
`, "--discover.apply-interval=100ms")
	all := []string{"_shop._tcp.test/one.test:" + port, "_shop._tcp.test/two.test:" + port, "three.test/127.0.0.1:" + port}
	before := d.AwaitMetrics("answers of all targets", answersOf(all))
	server.Signal(syscall.SIGTERM)
	server.Wait()
	after := d.AwaitMetrics("failures of the discovery", func(m rig.Metrics) bool {
		return m.Sum("prober_discovery_failures_total", "discover", "dns") > before.Sum("prober_discovery_failures_total", "discover", "dns")
	})
	assert.InDelta(t, 3, after.Sum("prober_discovered_targets", "discover", "dns"), 0, "what was found stays")
	startNameserver(t, append([]string{"--srv-host=_shop._tcp.test,three.test," + port}, records[1:]...)...)
	d.AwaitMetrics("the target that came, and the end of the one that went", func(m rig.Metrics) bool {
		names := strings.Join(m.Values("prober_requests_total", "target"), " ")
		return m.Sum("prober_requests_total", "target", "_shop._tcp.test/three.test:"+port, "error_code", "0") > 0 && !strings.Contains(names, "one.test")
	})
}

// answersOf returns a condition: each target has an answer.
func answersOf(targets []string) func(rig.Metrics) bool {
	return func(m rig.Metrics) bool {
		for _, target := range targets {
			if m.Sum("prober_requests_total", "target", target, "error_code", "0") == 0 {
				return false
			}
		}
		return true
	}
}

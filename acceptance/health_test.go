package acceptance

import (
	"bytes"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

const (
	overTLS        = "tls_server_config: {cert_file: server.pem, key_file: server-key.pem}\n"
	overTLSForSome = "tls_server_config: {cert_file: server.pem, key_file: server-key.pem, client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert}\n"
)

func TestHealthSaysWhatTheProberSays(t *testing.T) {
	t.Parallel()
	for name, web := range map[string]string{
		"in the clear":            "",
		"behind a password":       users,
		"over TLS":                overTLS,
		"over TLS and a password": overTLS + users,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			newAuthority(t, dir, "ca").sign(t, "server")
			address := addressOf(guardedDaemon(t, dir, web))
			_, port, err := net.SplitHostPort(address)
			require.NoError(t, err)
			for _, address := range []string{address, ":" + port, "0.0.0.0:" + port} {
				assertHealth(t, command.ExitOK, `^healthy\n$`, address)
				assertHealth(t, command.ExitOK, `^ready\n$`, address, "--ready")
			}
		})
	}
}

func TestHealthShowsACertificateWhereOneIsWanted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.sign(t, "server")
	ca.sign(t, "kubelet", certs.ForClients)
	address := addressOf(guardedDaemon(t, dir, overTLSForSome))
	files := []string{"--cert-file=" + filepath.Join(dir, "kubelet.pem"), "--key-file=" + filepath.Join(dir, "kubelet-key.pem")}
	assertHealth(t, command.ExitOK, `^healthy\n$`, address, files...)
	assertHealth(t, command.ExitError, `certificate required; give --cert-file and --key-file`, address)
	assertHealth(t, command.ExitUsage, `--cert-file, --key-file: open`, address, files[0], "--key-file="+filepath.Join(dir, "missing.pem"))
}

func TestAProberThatShutsDownIsAliveAndNotReady(t *testing.T) {
	t.Parallel()
	d := rig.StartDaemon(t, "prober", "targets: []", "--shutdown.final-scrape=1m")
	d.Scrape()
	d.Signal(syscall.SIGTERM)
	d.Await("waiting for the last scrape")
	assertHealth(t, command.ExitOK, `^healthy\n$`, addressOf(d))
	assertHealth(t, command.ExitError, `^prober: http://.*/-/ready answers 503 "not ready\\n"\n$`, addressOf(d), "--ready")
}

func TestHealthFailsWithoutAProber(t *testing.T) {
	t.Parallel()
	other := peers.Serve(t, peers.HTTP1, http.RedirectHandler("/login", http.StatusFound).ServeHTTP)
	assertHealth(t, command.ExitError, `answers 302`, other.Address())

	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var out bytes.Buffer
	assert.Equal(t, command.ExitError, command.Run(t.Context(), []string{"health", "--timeout=100ms", "--web.listen-address=" + silent.Addr().String()}, &out, &out))
	assert.Contains(t, out.String(), "context deadline exceeded")
	// Nobody can listen at the local end of a connection.
	c, err := net.Dial("tcp", silent.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = c.Close(), silent.Close() })
	assertHealth(t, command.ExitError, `connection refused`, c.LocalAddr().String())

	assertHealth(t, command.ExitUsage, `--web.listen-address: address 10115: missing port`, "10115")
}

func addressOf(d *rig.Daemon) string { return strings.TrimPrefix(d.URL, "http://") }

// assertHealth runs prober health, with patience, and compares its exit code and its output.
func assertHealth(t *testing.T, exit int, says, address string, flags ...string) {
	t.Helper()
	var out bytes.Buffer
	args := append([]string{"health", "--timeout=1m", "--web.listen-address=" + address}, flags...)
	assert.Equal(t, exit, command.Run(t.Context(), args, &out, &out))
	assert.Regexp(t, says, out.String())
}

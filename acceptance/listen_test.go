package acceptance

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/command"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

const (
	password = "open sesame"
	// users holds the bcrypt hash of password, of the least cost.
	users = "basic_auth_users: {scraper: $2a$04$ecJISR.UNdWl4lF6DGjT6O3Ba1/ezm9tUkwqNDME/stW1wa2noUja}\n"
)

// authority signs throwaway certificates.
type authority struct {
	dir    string
	itself tls.Certificate
}

// newAuthority writes NAME.pem and NAME-key.pem of the authority itself.
func newAuthority(t *testing.T, dir, name string) *authority {
	t.Helper()
	a := &authority{dir: dir, itself: certs.Issue(nil, certs.Authority)}
	peers.WriteCertificate(t, dir, name, a.itself)
	return a
}

// sign writes NAME.pem and NAME-key.pem.
func (a *authority) sign(t *testing.T, name string, changes ...certs.Change) {
	t.Helper()
	peers.WriteCertificate(t, a.dir, name, certs.Issue(&a.itself, changes...))
}

// client trusts only the authority and shows the certificate with the given name, "" for none.
func (a *authority) client(t *testing.T, name string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.itself.Leaf)
	config := &tls.Config{RootCAs: pool}
	if name != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+"-key.pem"))
		require.NoError(t, err)
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true, TLSClientConfig: config}}
}

// plainClient returns a client that opens a connection for each request.
func plainClient() *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
}

// guardedDaemon starts a prober, all its handlers on, with the given web configuration. The prober reads that after it
// has logged its address, and before it answers.
func guardedDaemon(t *testing.T, dir, web string, flags ...string) *rig.Daemon {
	t.Helper()
	p := newPeer(t, nil)
	flags = append(flags, "--web.enable-lifecycle", "--web.enable-pprof", "--web.enable-badges", "--web.config.file="+rig.WriteFile(t, dir, "web.yml", "%s", web))
	d := rig.StartDaemon(t, "prober", configOf(p, map[string]string{"shop": "1h"}), flags...)
	_, _, err := rig.Fetch(t.Context(), http.MethodGet, d.URL+"/-/healthy") // with TLS the answer is about the missing TLS
	require.NoError(t, err)
	return d
}

// send returns the status of the answer, 0 without an answer.
func send(t *testing.T, client *http.Client, method, url, user, password string) int {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
	require.NoError(t, err)
	if user != "" {
		q.SetBasicAuth(user, password)
	}
	answer, err := client.Do(q)
	if err != nil {
		return 0
	}
	require.NoError(t, answer.Body.Close())
	return answer.StatusCode
}

func TestAPasswordGuardsEverythingButTheHealthChecks(t *testing.T) {
	t.Parallel()
	d := guardedDaemon(t, t.TempDir(), users)
	assertGuarded(t, plainClient(), d.URL)
}

func assertGuarded(t *testing.T, client *http.Client, root string) {
	t.Helper()
	for _, e := range append(endpoints(), endpoint{path: "/unknown"}) {
		for _, user := range []string{"", "scraper", "nobody"} {
			want := http.StatusUnauthorized
			if e.open {
				want = http.StatusOK
			}
			assert.Equal(t, want, send(t, client, e.method(), root+e.path, user, "wrong"), "%q %s", user, e.path)
		}
		assert.NotContains(t, []int{0, http.StatusUnauthorized}, send(t, client, e.method(), root+e.path, "scraper", password), e.path)
	}
}

func TestOtherSpellingsOfTheHealthChecksNeedThePassword(t *testing.T) {
	t.Parallel()
	d := guardedDaemon(t, t.TempDir(), users)
	for _, path := range []string{
		"/-/healthy/", "//-/healthy", "/-/healthy/../../metrics", "/-/ready/..%2f..%2fconfig", "/%2d/healthy", "/-%2fhealthy",
		"/-/healthy;/metrics", "/-/healthy%00", "/-/Healthy", "/./-/healthy", "/-/./healthy", "/metrics/../-/healthy", "/-/healthy%3F",
	} {
		u, err := url.Parse(d.URL)
		require.NoError(t, err)
		u.Opaque = "//" + u.Host + path // unchanged
		answer, err := plainClient().Transport.RoundTrip((&http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(t.Context()))
		require.NoError(t, err, path)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, path)
	}
}

func TestABrokenWebConfigurationLocksEverythingButTheHealthChecks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := guardedDaemon(t, dir, users)
	rig.WriteFile(t, dir, "web.yml", "basic_auth_users: {scraper: ")
	for _, e := range endpoints() {
		want := http.StatusInternalServerError
		if e.open {
			want = http.StatusOK
		}
		assert.Equal(t, want, send(t, plainClient(), e.method(), d.URL+e.path, "scraper", password), e.path)
	}
}

func TestAWebConfigurationThatIsWrongStartsNothing(t *testing.T) {
	t.Parallel()
	for name, web := range map[string]string{
		"a key that is not known":       "basic_auth: {}\n",
		"a password that is not hashed": "basic_auth_users: {scraper: open sesame}\n",
		"a certificate without a file":  "tls_server_config: {cert_file: missing, key_file: missing}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, nil)
			dir := t.TempDir()
			config := rig.WriteFile(t, dir, "prober.yml", "%s", configOf(p, map[string]string{"shop": "10ms"}))
			var stderr rig.Output
			code := command.Run(t.Context(), []string{"--config.file=" + config, "--web.listen-address=127.0.0.1:0", "--web.config.file=" + rig.WriteFile(t, dir, "web.yml", "%s", web)}, &stderr, &stderr)
			assert.Equal(t, command.ExitUsage, code)
			assert.NotContains(t, stderr.String(), password)
			assert.Zero(t, p.Requests("/shop"))
		})
	}
}

func TestTLSAndAPasswordOnEveryAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.sign(t, "server")
	d := guardedDaemon(t, dir, "tls_server_config: {cert_file: server.pem, key_file: server-key.pem}\n"+users, "--web.listen-address=127.0.0.1:0")
	addresses := strings.Fields(d.Await(`msg="Listening on" address="([^"]+)"`))
	require.Len(t, addresses, 2)
	for _, address := range addresses {
		assertGuarded(t, ca.client(t, ""), "https://"+address)
		assert.Equal(t, http.StatusBadRequest, send(t, plainClient(), http.MethodGet, "http://"+address+"/-/healthy", "", ""), "without TLS")

		old := ca.client(t, "")
		old.Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS10
		old.Transport.(*http.Transport).TLSClientConfig.MaxVersion = tls.VersionTLS11
		assert.Zero(t, send(t, old, http.MethodGet, "https://"+address+"/-/healthy", "", ""), "over TLS 1.1")
	}
}

// A client without a certificate does not get as far as a path, so the health checks cannot be an exception.
func TestClientCertificatesGuardEverything(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, others := newAuthority(t, dir, "ca"), newAuthority(t, dir, "others")
	ca.sign(t, "server")
	ca.sign(t, "scraper", certs.ForClients)
	others.sign(t, "stranger", certs.ForClients)
	d := guardedDaemon(t, dir, "tls_server_config: {cert_file: server.pem, key_file: server-key.pem, client_ca_file: ca.pem, client_auth_type: RequireAndVerifyClientCert}\n")
	root := strings.Replace(d.URL, "http:", "https:", 1)
	for _, e := range endpoints() {
		for name, known := range map[string]bool{"": false, "stranger": false, "scraper": true} {
			status := send(t, ca.client(t, name), e.method(), root+e.path, "", "")
			assert.Equal(t, known, status != 0, "%q %s", name, e.path)
		}
	}
}

func TestSocketsOfSystemdAreGuardedToo(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("--web.systemd-socket is a flag on Linux only")
	}
	dir := t.TempDir()
	ca := newAuthority(t, dir, "ca")
	ca.sign(t, "server")
	config := rig.WriteFile(t, dir, "prober.yml", "targets: [{name: shop, url: http://127.0.0.1:1, interval: 1h}]\n")
	web := rig.WriteFile(t, dir, "web.yml", "tls_server_config: {cert_file: server.pem, key_file: server-key.pem}\n"+"%s", users)
	var sockets []*os.File
	var addresses []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		file, err := l.(*net.TCPListener).File()
		require.NoError(t, err)
		require.NoError(t, l.Close())
		sockets, addresses = append(sockets, file), append(addresses, l.Addr().String())
	}
	start := func(count int) *rig.Process {
		// The variable names the process for the sockets. The shell becomes that process.
		script := fmt.Sprintf(`LISTEN_PID=$$ LISTEN_FDS=%d exec prober --web.systemd-socket "$@"`, count)
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script, "sh",
			"--config.file="+config, "--web.config.file="+web, "--web.enable-lifecycle", "--web.enable-pprof", "--web.enable-badges")
		cmd.ExtraFiles = sockets
		return rig.Start(t, cmd)
	}

	p := start(len(sockets))
	p.Await(`msg="TLS is enabled."`)
	for _, address := range addresses {
		assertGuarded(t, ca.client(t, ""), "https://"+address)
	}

	none := start(0)
	assert.Equal(t, command.ExitUsage, none.Wait().ExitCode())
	assert.Contains(t, none.Output(), "systemd has passed no socket")
}

package acceptance

import (
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/internal/rig"
)

// hostile is a text that forges a log line or takes over a terminal.
const hostile = "evil\x1b[31m\"\r\n{\"level\":\"ERROR\"}\nlevel=ERROR msg=\"forged\" \x07\x7f"

// hostileServer returns a server with TLS, and its certificate. The certificate is for the hostile name and is its own
// authority.
func hostileServer(t *testing.T) (url string, certificate []byte) {
	t.Helper()
	cert := certs.Issue(nil, certs.For(hostile))
	server := peers.Serve(t, peers.HTTP1TLS, http.NotFound, peers.Showing(cert))
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1), certs.PEM(cert)
}

func TestEachLineOfTheLogIsWholeWhateverAPeerSays(t *testing.T) {
	t.Parallel()
	for format, parse := range map[string]func(string) (map[string]string, error){"logfmt": rig.ParseLogfmt, "json": rig.ParseJSON} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			p := logHostilities(t, format)
			messages := regexp.MustCompile("`[^`\n]+`").FindAllString(docs.Page(t, "docs/logs.md"), -1)
			lines := strings.Split(strings.TrimSuffix(p.Output(), "\n"), "\n")
			said := map[string]bool{}
			for _, line := range lines {
				assert.False(t, strings.ContainsFunc(line, unicode.IsControl), "a control character in %q", line)
				fields, err := parse(line)
				require.NoError(t, err, line)
				assert.Contains(t, messages, "`"+fields["msg"]+"`", "docs/logs.md lists each message")
				assert.NotEmpty(t, fields["time"])
				said[fields["msg"]] = true
				switch fields["msg"] {
				case "burst had failures":
					assert.Contains(t, fields["codes"], "1503 http_503: 2")
				case "no OAuth2 token":
					assert.Contains(t, fields["error"], "certificate is valid for evil\uFFFD[31m\"", "control characters are replaced")
				case "the configuration was not loaded; the old one stays":
					assert.Contains(t, fields["err"], "unknown key")
				}
			}
			for _, msg := range []string{"started", "burst had failures", "no OAuth2 token", "the configuration was not loaded; the old one stays"} {
				assert.True(t, said[msg], msg)
			}
		})
	}
}

// logHostilities runs a daemon that logs about hostile peers and files.
func logHostilities(t *testing.T, format string) *rig.Process {
	t.Helper()
	broken := peers.Serve(t, peers.HTTP1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Evil", "level=ERROR")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(hostile))
	})
	tokens, certificate := hostileServer(t)
	dir := t.TempDir()
	rig.WriteFile(t, dir, "ca.pem", "%s", certificate)
	rig.WriteFile(t, dir, "secret", "s3cret")
	path := rig.WriteFile(t, dir, "prober.yml", `
targets:
  - {name: broken, url: %[1]q, interval: 20ms, burst: {requests: 2}}
  - name: login
    url: %[2]q
    interval: 1h
    request: {oauth2: {client_id: c, client_secret_file: secret, token_url: %[2]q}}
    connection: {tls: {ca_file: ca.pem}}
`, broken.URL, tokens)
	p := rig.Start(t, exec.CommandContext(t.Context(), "prober", "--web.listen-address=127.0.0.1:0", "--log.format="+format, "--config.file="+path))
	p.Await("burst had failures")
	p.Await("no OAuth2 token")
	rig.WriteFile(t, dir, "prober.yml", "targets: []\n%q: 1\n", hostile)
	p.Signal(syscall.SIGHUP)
	p.Await("the configuration was not loaded")
	p.Signal(syscall.SIGTERM)
	assert.Zero(t, p.Wait().ExitCode())
	assert.NotContains(t, p.Output(), "s3cret")
	return p
}

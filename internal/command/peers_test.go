package command

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runWith returns the error output of a program that must not start with these
// flags.
func runWith(t *testing.T, flags ...string) string {
	t.Helper()
	var said bytes.Buffer
	args := append([]string{"run", "--config.file=" + filepath.Join(t.TempDir(), "none.yml")}, flags...)
	require.Equal(t, ExitUsage, Run(t.Context(), args, &said, &said))
	return said.String()
}

func TestPeersThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for want, flags := range map[string][]string{
		"--web.peer: it must be NAME=URL":                            {"--web.peer=prober-east"},
		"--web.peer: its URL must not contain a user name":           {"--web.peer=http://a/", "--web.peer=east=http://u:s3cret@h/"},
		`--web.peer: two peers have the name "east"`:                 {"--web.peer=east=http://a", "--web.peer=east=http://b"},
		"--web.peer-name: a name must have 1 to 64":                  {"--web.peer-name= "},
		"--web.peer: there are 51 peers, but at most 50 are allowed": strings.Split(strings.Repeat("--web.peer=http://a ", 51), " ")[:51],
		"none.yml: no such file or directory":                        {"--web.peer=self=http://a", "--web.peer-name=self"}, // the flags are right
	} {
		said := runWith(t, flags...)
		assert.Contains(t, said, want)
		assert.NotContains(t, said, "s3cret")
	}
}

// writeClientConfig writes a file for --web.client-config and returns its path.
func writeClientConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "client.yml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestAClientConfigThatIsWrongIsNamedWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	assert.Contains(t, runWith(t, "--web.client-config=/nowhere/client.yml"), "--web.client-config: open /nowhere/client.yml: no such file or directory")
	for text, want := range map[string]string{
		"basic_auth: s3cret": "client.yml: yaml: unmarshal errors: line 1: cannot unmarshal !!str <redacted> into",
		"basic_aut: {}":      "field basic_aut not found",
		"basic_auth: {a: b":  "client.yml: yaml:",
		"bearer_token: s3cret\nbasic_auth: {username: a}":                       "at most one of basic_auth",
		"tls_config: {ca_file: /nowhere/s3cret.pem}":                            "unable to read CA cert",
		"tls_config: {cert_file: /dev/null, key_file: /nowhere/s3cret-key.pem}": "no such file",
		"tls_config: {cert_file: /dev/null, key_file: /dev/../dev/null}":        "unable to use specified client cert",
	} {
		path := writeClientConfig(t, text)
		said := runWith(t, "--web.client-config="+path)
		assert.Contains(t, said, "--web.client-config: ", text)
		assert.Contains(t, said, path, text)
		assert.Contains(t, said, want, text)
		assert.NotContains(t, said, "s3cret", text)
		assert.NotContains(t, said, "/dev/../", text)
		assert.Equal(t, 1, strings.Count(said, "\n"), text)
	}
}

func TestTheClientOfTheWebInterfaceHasItsCredentials(t *testing.T) {
	t.Parallel()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "prometheus" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(s.Close)
	path := writeClientConfig(t, "basic_auth: {username: prometheus, password_file: password}\ntls_config: {insecure_skip_verify: true}\n")
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "password"), []byte("s3cret\n"), 0o600))
	client, err := webClient(path)
	require.NoError(t, err)
	t.Cleanup(client.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, http.NoBody)
	require.NoError(t, err)
	answer, err := client.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusOK, answer.StatusCode)
}

package prober

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/peers"
	"example.com/prober/internal/rig"
	"example.com/prober/prober/numbers"
)

// failuresOf runs a target with the keys until it has failed, and returns its failures.
func failuresOf(t *testing.T, keys string) (*Manager, []numbers.Failure) {
	t.Helper()
	folder := t.TempDir()
	rig.WriteFile(t, folder, "login", "bearer-secret-1")
	cfg, err := config.Parse([]byte("targets: [{name: shop, interval: 10ms, burst: {requests: 1}, "+keys+"}]\n"), folder+"/prober.yml")
	require.NoError(t, err)
	m := newTestManager(t)
	apply(t, m, cfg.Targets...)
	rig.Until(t, "a failure", func() bool { return len(m.Failures("shop")) > 0 })
	failures := m.Failures("shop")
	return m, failures
}

func TestWhatCameWithAFailureIsKeptWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	for wire, version := range map[peers.Wire]string{
		peers.HTTP1: "1.1", peers.HTTP1TLS: "1.1", peers.HTTP2: "2", peers.H2C: "h2c", peers.HTTP3: "3",
	} {
		site := peers.Serve(t, wire, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Server", "shop")
			w.Header().Set("Retry-After", "30")
			w.Header().Set("X-Whose", "header-secret")
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "\x1b[31mno stock\r\n%s\n%s\n%s", body, r.Header.Get("Authorization"), strings.Repeat("x", 2000))
		})
		trust := ""
		if strings.HasPrefix(site.URL, "https") {
			trust = ", tls: {insecure_skip_verify: true}"
		}
		_, failures := failuresOf(t, fmt.Sprintf(
			`url: '%s/', keep_failures: {bodies: 200B}, connection: {http_version: '%s'%s}, request: {method: POST, body: '{"pw":"body-secret"}', authorization: {credentials_file: login}}`,
			site.URL, version, trust))
		kept := failures[0].Answer
		require.NotNil(t, kept, "%s: %s", version, failures[0].Text)
		values := map[string]string{}
		for _, f := range kept.Fields {
			values[strings.ToLower(f.Name)] = f.Value
		}
		assert.Equal(t, "shop", values["server"], version)
		assert.Equal(t, "30", values["retry-after"], version)
		assert.Contains(t, values, "x-whose", version)
		assert.Empty(t, values["x-whose"], version)
		assert.True(t, strings.HasPrefix(kept.Body, `\x1b[31mno stock`+"\n***"), kept.Body)
		assert.NotContains(t, kept.Body, "secret", version)
		assert.True(t, kept.Cut, version)
		assert.Greater(t, kept.Size, uint64(2000), version)
		assert.LessOrEqual(t, len(kept.Body), 220, version)
	}
}

func TestNothingOfAnAnswerIsKeptUnasked(t *testing.T) {
	t.Parallel()
	site := peers.Serve(t, peers.HTTP1, http.NotFound)
	m, failures := failuresOf(t, fmt.Sprintf("url: '%s/'", site.URL))
	assert.Nil(t, failures[0].Answer)
	assert.Zero(t, m.answers.Used())
}

func TestWhatIsNoAnswerIsKeptToo(t *testing.T) {
	t.Parallel()
	_, failures := failuresOf(t, fmt.Sprintf("url: 'http://%s/', keep_failures: {bodies: 1KiB}", peers.Listen(t, peers.AnsweringOnce("SSH-2.0-x\r\n")).Addr()))
	kept := failures[0].Answer
	require.NotNil(t, kept)
	assert.True(t, kept.Raw)
	assert.Equal(t, "SSH-2.0-x\n", kept.Body)
}

func TestAReloadWithoutTheKeyForgetsWhatWasKept(t *testing.T) {
	t.Parallel()
	site := peers.Serve(t, peers.HTTP1, http.NotFound)
	m, failures := failuresOf(t, fmt.Sprintf("url: '%s/', keep_failures: {bodies: 1KiB}", site.URL))
	require.NotNil(t, failures[0].Answer)
	assert.NotZero(t, m.answers.Used())
	without := *m.Config("shop")
	without.KeepFailures = nil
	apply(t, m, without)
	for _, f := range m.Failures("shop") {
		assert.Nil(t, f.Answer)
	}
	assert.Zero(t, m.answers.Used())
}

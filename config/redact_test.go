package config

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
)

// canaries fills every place that can hold a secret.
const canaries = `
defaults:
  request:
    headers: {X-Default: canary-1}
targets:
  - name: inline
    url: https://127.0.0.1/path?token=canary-2
    request:
      method: POST
      headers:
        Authorization: Bearer canary-3
        X-Many: [canary-4, canary-5]
      body: canary-6
    connection:
      tls: {cert_file: client.pem, key_file: canary-7-key.pem}
  - name: file
    url: http://127.0.0.1/?canary-8
    request:
      method: PUT
      body_file: body.txt
      basic_auth: {username: user, password_file: canary-13}
    connection: {proxy_url: "http://proxy/", proxy_username: proxy-user, proxy_password_file: canary-13}
  - name: token
    url: http://127.0.0.1/
    request:
      oauth2:
        client_id: id
        client_secret_file: canary-13
        token_url: http://127.0.0.1/?canary-14
        endpoint_params: {key: [canary-15, canary-16]}
  - name: bearer
    url: http://127.0.0.1/
    request: {authorization: {credentials_file: canary-13}}
`

func TestRedactedHoldsNoSecret(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	require.NoError(t, os.Rename(filepath.Join(folder, "client-key.pem"), filepath.Join(folder, "canary-7-key.pem")))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "canary-13"), []byte("canary-17"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "body.txt"), []byte("canary-9"), 0o600))
	c, err := Parse([]byte(canaries), filepath.Join(folder, "prober.yml"))
	require.NoError(t, err)
	c.Targets[0].URL.User = url.UserPassword("canary-10", "canary-11")
	c.Targets[0].URL.Fragment = "canary-12"
	c.Targets[1].Connection.Proxy.URL.User = url.User("canary-18")

	out, err := c.Redacted()
	require.NoError(t, err)
	got := string(out)
	assert.NotContains(t, got, "canary")
	assert.NotContains(t, got, "PRIVATE KEY")
	assert.NotContains(t, got, "CERTIFICATE")
	for _, want := range []string{
		"url: https://127.0.0.1/path?<redacted>\n",
		"Authorization: [<redacted>]\n",
		"X-Many: [<redacted>, <redacted>]\n",
		"body: <redacted>\n",
		"key_file: <redacted>\n",
		"url: http://127.0.0.1/?<redacted>\n",
		"X-Default: [<redacted>]\n",
		"body_file: body.txt\n",
		"username: user\n",
		"password_file: <redacted>\n",
		"proxy_url: http://proxy:80\n",
		"proxy_username: proxy-user\n",
		"proxy_password_file: <redacted>\n",
		"client_id: id\n",
		"client_secret_file: <redacted>\n",
		"token_url: http://127.0.0.1/?<redacted>\n",
		"key: [<redacted>, <redacted>]\n",
		"type: Bearer\n",
		"credentials_file: <redacted>\n",
	} {
		assert.Contains(t, got, want)
	}
}

func TestMistakesShowNoSecret(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"targets: [{name: a, url: 'http://u:canary@h/'}]",
		"targets: [{name: a, url: 'http://u:can/ary@h/?canary'}]",
		"targets: [{name: a, url: 'canary://u:canary@h/?canary'}]",
		"targets: [{name: a, url: 'http://h/%zz?canary'}]",
		"targets: [{name: canary canary, url: 'http://h/'}]",
		"targets:\n- name: a\n  request:\n    headers:\n      Authorization: *canary\n",
		"targets:\n- name: a\n  request:\n    headers:\n      Authorization: @canary\n",
		"targets:\n- name: a\n  request:\n    headers:\n      Authorization: !canary x\n",
		"targets:\n- name: a\n  request:\n    headers:\n      Authorization: {Bearer canary: x, 'Bearer canary': y}\n",
		"targets:\n- name: a\n  request:\n    headers: {'Authorization: canary': }\n",
		"targets:\n- name: a\n  request: {'Authorization: canary', 'X: canary'}\n",
		"targets:\n- name: a\n  request:\n    body: \"canary\\qcanary\"\n",
		"targets:\n- name: a\n  request:\n    body: {canary: canary}\n",
		"targets:\n- name: a\n  connection: {tls: {cert_file: x, key_file: canary}}\n",
		"targets:\n- name: a\n  request: {basic_auth: {username: 'u:canary', password: canary, password_file: canary}}\n",
		"targets:\n- name: a\n  request: {authorization: {type: Bearer canary, credentials: canary, credentials_file: canary}}\n",
		"targets:\n- name: a\n  request: {authorization: Bearer canary}\n",
		"targets:\n- name: a\n  request: {oauth2: {client_secret: canary, client_secret_file: canary, token_url: 'http://h/canary%'}}\n",
		"targets:\n- name: a\n  request: {oauth2: {endpoint_params: {'key canary': {canary: canary}, k: {canary: canary}, scope: canary}}}\n",
		"targets:\n- name: a\n  connection: {proxy_url: 'http://u:canary@proxy', proxy_password: canary, proxy_password_file: canary}\n",
		"targets:\n- name: a\n  connection: {proxy_url: 'http://u:can/ary@proxy', no_proxy: [canary@canary]}\n",
	} {
		_, err := Parse([]byte(bad), "prober.yml")
		require.Error(t, err, bad)
		assert.NotContains(t, err.Error(), "canary", bad)
		assert.NotContains(t, err.Error(), "can/ary", bad)
	}
}

func TestRedactedCanBeReadAgain(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	for _, name := range []string{"minimal.yml", "none.yml", "anchors.yml", "spelling.yml", "extended.yml"} {
		c, err := Load(filepath.Join(folder, name))
		require.NoError(t, err)
		assertReadsAgain(t, c)
	}
}

// assertReadsAgain checks that the redacted form of c can be read again. c must
// hold no secrets.
func assertReadsAgain(t *testing.T, c *Config) {
	t.Helper()
	out, err := c.Redacted()
	require.NoError(t, err)
	again, err := Parse(out, c.Files[0])
	require.NoError(t, err, "%s", out)
	for i := range c.Targets {
		if c.Targets[i].URL.RawQuery != "" {
			again.Targets[i].URL = c.Targets[i].URL
		}
	}
	require.Len(t, again.Discover, len(c.Discover))
	for i := range c.Discover {
		assert.Equal(t, c.Discover[i].Name, again.Discover[i].Name)
		assert.Equal(t, c.Discover[i].KeepFor, again.Discover[i].KeepFor)
		assert.Len(t, again.Discover[i].Mechanisms, len(c.Discover[i].Mechanisms))
	}
	again.Discover = c.Discover // they know their lines
	again.Warnings = c.Warnings // they are about the form of the file
	assert.Equal(t, c, again, "%s", out)
}

// TestRedactedCanBeReadAgainWhateverOfTheDefaultsDoesNotFit has defaults that a
// target may inherit without a meaning, but not set itself.
func TestRedactedCanBeReadAgainWhateverOfTheDefaultsDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, file := range []string{
		"defaults: {timeout: 20s, expect: {max_latency: 15s}}\ntargets: [{name: a, url: 'http://h/', timeout: 10s}]",
		"defaults: {timeout: 20s, expect: {max_latency: 15s}}\ntargets: [{name: a, url: 'http://h/', timeout: 15s}]",
		"defaults: {connection: {requests_per_connection: 5}}\ntargets: [{name: a, url: 'http://h/', connection: {reuse: never}}]",
		"defaults: {connection: {tls: {min_version: '1.3', insecure_skip_verify: true}}}\ntargets: [{name: a, url: 'http://h/'}]",
		"defaults: {connection: {proxy_username: u, no_proxy: [h]}}\ntargets: [{name: a, url: 'http://h/'}]",
		"defaults: {connection: {proxy_url: 'http://p', proxy_username: u, no_proxy: [h]}}\ntargets: [{name: a, url: 'http://h/', connection: {proxy_url: null}}]",
		"defaults: {burst: {rate: 5, arrival: poisson, precision: spin}}\ntargets: [{name: a, url: 'http://h/', burst: {rate: null, requests: 3}}]",
		"defaults: {burst: {rate: 5}, connection: {resolve: [10.0.0.1]}}\ntargets: [{name: a, url: 'http://h/', burst: {stages: [{duration: 1s, rate: 5}]}, connection: {dns_server: 10.0.0.2}}]",
		"defaults: {request: {method: POST, body_size: 5}}\ntargets: [{name: a, url: 'http://h/', request: {body_size: null}}]",
		"defaults: {request: {body_size: 5, method: POST}}\ntargets: [{name: a, url: 'http://h/', request: {method: GET}}]",
		"defaults: {request: {method: POST, body: x}, connection: {reuse: burst, tls_timeout: 1s}, expect: {status: [200]}}\ntargets: [{name: a, url: 'tcp://h:1'}]",
		"defaults: {request: {follow_redirects: 3}, connection: {http_version: 2}}\ntargets: [{name: a, url: 'tls://h:1', connection: {tls: {min_version: '1.3'}}}]",
		"defaults: {connection: {proxy_url: 'https://p', tls: {insecure_skip_verify: true}}}\ntargets: [{name: a, url: 'tcp://h:1'}]",
		"defaults: {breaker: {after: 5}, labels: {a: b}}\ntargets: [{name: a, url: 'http://h/', breaker: null, labels: {a: null}}]",
	} {
		c, err := Parse([]byte(file), "prober.yml")
		require.NoError(t, err, file)
		assertReadsAgain(t, c)
	}
}

func TestRedactedURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://h":                           "http://h",
		"https://u:p@h:8443/a%2Fb/c?q=1#f":   "https://h:8443/a%2Fb/c",
		"http://[fe80::1%25eth0]:80/?secret": "http://[fe80::1%25eth0]:80/",
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		assert.Equal(t, want, RedactedURL(u))
	}
	assert.Empty(t, RedactedURL(nil))
}

func FuzzParse(f *testing.F) {
	for _, folder := range []string{"testdata/good", "testdata/bad"} {
		files, err := filepath.Glob(folder + "/*.yml")
		require.NoError(f, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(string(data), "_file") || len(data) > 1<<16 {
			t.Skip("the fuzzer shall not choose files to read")
		}
		c, err := Parse(data, "prober.yml")
		if err != nil {
			assertWellFormed(t, err)
			return
		}
		for _, target := range c.Targets {
			if len(target.Request.Headers) > 0 || len(target.Request.Body) > 0 {
				return
			}
		}
		assertReadsAgain(t, c)
	})
}

func assertWellFormed(t *testing.T, err error) {
	t.Helper()
	var errs form.Errors
	require.ErrorAs(t, err, &errs)
	require.NotEmpty(t, errs)
	last := 1
	for _, e := range errs {
		assert.GreaterOrEqual(t, e.Line, last)
		assert.NotEmpty(t, e.Msg)
		assert.NotContains(t, e.Error(), "\n")
		last = e.Line
	}
}

func TestRedactedTargetIsItsPartOfTheFile(t *testing.T) {
	t.Parallel()
	cfg, err := Parse([]byte("targets: [{name: shop, url: \"http://h/?canary\", request: {headers: {A: canary}}}]"), "prober.yml")
	require.NoError(t, err)
	whole, err := cfg.Redacted()
	require.NoError(t, err)
	part, err := cfg.Targets[0].Redacted()
	require.NoError(t, err)
	assert.NotContains(t, string(part), "canary")
	assert.True(t, strings.HasPrefix(string(part), "name: shop\nurl: http://h/?<redacted>\n"), string(part))
	for line := range strings.Lines(string(part)) {
		assert.Contains(t, string(whole), line)
	}
}

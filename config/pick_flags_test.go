package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
	"example.com/prober/option"
)

const flagFile = `
defaults: {timeout: 3s, request: {headers: {Accept: [a, b], X-Key: k}}}
targets:
  - name: shop
    url: https://shop.example/
    burst: {rate: 50, duration: 5s, concurrency: 7}
    request: {method: PUT, body: old, oauth2: {client_id: a, client_secret_file: secret, token_url: 'https://login.example/'}}
  - {name: plain, url: http://shop.example/}
  - {name: mix, url: https://shop.example/, requests: [{name: a, path: /a}]}
  - {name: data, url: https://shop.example/, data: {n: {values: [x, y]}}}
  - {name: db, url: 'tcp://db.example:1'}
`

// withFlags parses flagFile with flags over one of its targets.
func withFlags(t *testing.T, target string, flags map[string][]string) (Target, error) {
	t.Helper()
	folder := t.TempDir()
	rig.WriteFile(t, folder, "secret", "s3cret")
	c, err := ParseOne([]byte(flagFile), filepath.Join(folder, "prober.yml"), Pick{Target: target, Flags: flags})
	if err != nil {
		return Target{}, err
	}
	return c.Targets[0], nil
}

func TestFlagsGoBeforeTheKeysOfATarget(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	login, token, body := rig.WriteFile(t, folder, "login", "user:pass:word\n"), rig.WriteFile(t, folder, "token", "tok\n"), rig.WriteFile(t, folder, "body", "{}")
	got, err := withFlags(t, "shop", map[string][]string{
		"method": {"POST"}, "header": {"accept: text/html", "X-New:1", "x-new:  2 ", "Host: other.example"}, "data-file": {body},
		"basic-auth-file": {login}, "timeout": {"7s"}, "http-version": {"2"}, "insecure": {"true"}, "resolve": {"10.0.0.7,fd00::7"},
		"expect.status": {"200-299", "404"}, "expect.latency": {"1s"}, "expect.body": {"null: {"},
		"requests": {"9"}, "concurrency": {"3"}, "duration": {"null"}, "rate": {"null"},
	})
	require.NoError(t, err)
	want := Burst{Requests: 9, Concurrency: 3, Arrival: ArrivalConstant, Precision: PrecisionSleep}
	assert.Equal(t, want, got.Burst)
	assert.Equal(t, "POST", got.Request.Method)
	assert.Equal(t, "other.example", got.Request.Host)
	assert.Equal(t, []Header{{"accept", []string{"text/html"}}, {"X-Key", []string{"k"}}, {"X-New", []string{"1", "2"}}}, got.Request.Headers)
	assert.Equal(t, "{}", string(got.Request.Body))
	assert.Equal(t, &BasicAuth{Username: "user", PasswordFile: login, Password: "pass:word"}, got.Request.BasicAuth)
	assert.Nil(t, got.Request.OAuth2, "one way to log in takes back another")
	assert.Equal(t, 7*time.Second, got.Timeout)
	assert.Equal(t, option.OnlyHTTP2, got.Connection.HTTPVersion)
	assert.True(t, got.Connection.TLS.InsecureSkipVerify)
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("fd00::7")}, got.Connection.Resolve)
	assert.Equal(t, []option.StatusRange{{From: 200, To: 299}, {From: 404, To: 404}}, got.Expect.Status)
	assert.Equal(t, time.Second, got.Expect.MaxLatency)
	assert.Equal(t, "null: {", got.Expect.Body.Contains)

	got, err = withFlags(t, "shop", map[string][]string{"bearer-file": {token}, "data": {"{{ n }}"}, "proxy": {"http://proxy.example"}})
	require.NoError(t, err)
	assert.Equal(t, &Authorization{Type: "Bearer", CredentialsFile: token, Credentials: "tok"}, got.Request.Authorization)
	assert.Equal(t, "{{ n }}", string(got.Request.Body))
	assert.Empty(t, got.Request.BodyFile)
	assert.Equal(t, "proxy.example:80", got.Connection.Proxy.URL.Host)
}

func TestFlagsHoldForAURLOfEveryKind(t *testing.T) {
	t.Parallel()
	for url, flags := range map[string]map[string][]string{
		"http://shop.example/":  {"method": {"POST"}, "data": {""}, "http-version": {"h2c"}, "expect.status": {"204"}},
		"https://shop.example/": {"insecure": {"true"}, "http-version": {"3"}},
		"tcp://db.example:1":    {"proxy": {"socks5://proxy.example"}, "timeout": {"1s"}, "expect.latency": {"1s"}},
		"tls://db.example:1":    {"insecure": {"true"}, "resolve": {"10.0.0.7"}},
		"grpc://shop.example:1": {"header": {"X-Key: a"}, "rate": {"5"}},
		"dns://10.0.0.2":        {"requests": {"3"}, "timeout": {"1s"}},
	} {
		c, err := ParseOne(nil, "", Pick{Target: url, Flags: flags})
		require.NoError(t, err, url)
		if url == "grpc://shop.example:1" {
			assert.Equal(t, []Header{{"x-key", []string{"a"}}}, c.Targets[0].GRPC.Metadata)
		}
	}
}

func TestMistakesInTheFlagsOfATargetNameThem(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	wrong := rig.WriteFile(t, folder, "wrong", "s3cret")
	good := rig.WriteFile(t, folder, "good", "a:s3cret")
	for _, c := range []struct {
		name, target string
		flags        map[string][]string
		want         string
	}{
		{"a method", "plain", map[string][]string{"method": {"get"}}, `--method: methods are case-sensitive: write GET`},
		{"a secret", "plain", map[string][]string{"header": {"Authorization: Bearer s3cret"}},
			`--header: must not contain a secret, because other users can read a command line; use --bearer-file or --basic-auth-file`},
		{"a secret in disguise", "plain", map[string][]string{"header": {"aUTHORIZATION : s3cret"}},
			`--header: must not contain a secret, because other users can read a command line; use --bearer-file or --basic-auth-file`},
		{"a header without a colon", "plain", map[string][]string{"header": {"s3cret"}}, `--header: must be a name, a colon and a value, such as 'Accept: text/html'`},
		{"a header that is not for users", "plain", map[string][]string{"header": {"TE: s3cret"}},
			`--header: TE: would change the protocol of the connection; connection.http_version selects it`},
		{"a body without a method", "plain", map[string][]string{"data": {"s3cret"}}, `--data: needs request.method, such as POST; the default is GET`},
		{"a file as a body", "plain", map[string][]string{"method": {"POST"}, "data": {"@s3cret"}}, `--data: must not begin with @: --data-file sends the content of a file`},
		{"two bodies", "plain", map[string][]string{"method": {"POST"}, "data": {"a"}, "data-file": {good}}, `--data-file: cannot be combined with request.body, which is a flag too`},
		{"two logins", "plain", map[string][]string{"basic-auth-file": {good}, "bearer-file": {good}}, `--bearer-file: cannot be combined with request.basic_auth, which is a flag too`},
		{"a login without a colon", "plain", map[string][]string{"basic-auth-file": {wrong}}, `--basic-auth-file: cannot use the file: it must hold a user name, a colon and a password`},
		{"a file that is not there", "plain", map[string][]string{"bearer-file": {filepath.Join(folder, "none")}}, `--bearer-file: cannot use the file: no such file or directory`},
		{"an empty path", "plain", map[string][]string{"data-file": {""}, "method": {"POST"}}, `--data-file: must not be empty`},
		{"a version against the URL of the file", "plain", map[string][]string{"http-version": {"2"}}, `--http-version: HTTP/2 is for https URLs; over http it is called h2c`},
		{"a version against the URL", "http://shop.example/", map[string][]string{"http-version": {"2"}}, `--http-version: HTTP/2 is for https URLs; over http it is called h2c`},
		{"TLS without TLS", "http://shop.example/", map[string][]string{"insecure": {"true"}}, `--insecure: has no meaning for an http URL`},
		{"what its kind has not", "db", map[string][]string{"expect.status": {"200"}},
			`--expect.status: has no meaning for a target with the scheme tcp, which only connects; remove the key, or use http:// or https://`},
		{"an item of a list", "plain", map[string][]string{"expect.status": {"200,99"}}, `--expect.status[1]: must lie within 100-599`},
		{"a name instead of an address", "plain", map[string][]string{"resolve": {"db"}}, `--resolve[0]: must be an IP address such as 10.0.0.7 or fd00::7, without brackets and port`},
		{"an address beside a proxy", "plain", map[string][]string{"resolve": {"10.0.0.7"}, "proxy": {"http://proxy.example"}},
			`--resolve: cannot have both resolve and proxy_url: a proxy resolves the name itself`},
		{"a proxy with a password", "plain", map[string][]string{"proxy": {"http://u:s3cret@proxy.example"}},
			`--proxy: must not contain a user name or password: use the keys proxy_username and proxy_password_file`},
		{"a short name of a key", "plain", map[string][]string{"rate": {"-1"}}, `--rate: must be above 0`},
		{"what is no value", "plain", map[string][]string{"timeout": {"{"}}, `--timeout: is not a valid value`},
		{"what requests say themselves", "mix", map[string][]string{"method": {"POST"}},
			`--method: has no meaning for a target with requests or a journey: each request has its own`},
		{"a name of no data", "data", map[string][]string{"method": {"POST"}, "data": {"{{ m }}"}}, `--data: {{ m }} is unknown, did you mean {{ n }}?`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := withFlags(t, c.target, c.flags)
			require.Error(t, err)
			assert.Equal(t, c.want, err.Error())
			assert.NotContains(t, err.Error(), "s3cret")
		})
	}
	_, err := ParseOne(nil, "", Pick{Target: "http://shop.example/", Burst: map[string]string{"rate": "5"}, Flags: map[string][]string{"rate": {"6"}}})
	require.EqualError(t, err, "--rate: says the same as --burst.rate: give one of them")
	_, err = ParseOne([]byte("defaults: {connection: {http_version: 2}}\ntargets: []"), "prober.yml", Pick{Target: "http://shop.example/"})
	require.EqualError(t, err, "URL: HTTP/2 is for https URLs; over http it is called h2c")
}

func TestFilesOfFlagsAreRelativeToTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	require.NoError(t, err)
	got, err := withFlags(t, "shop", map[string][]string{"data-file": {"testdata/good/payload.json"}})
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(here, "testdata", "good", "payload.json"), got.Request.BodyFile)
}

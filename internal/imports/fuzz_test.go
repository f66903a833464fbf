package imports_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/imports"
)

// requireAccepted wants an error, or a valid configuration.
func requireAccepted(t *testing.T, r *imports.Result, err error) {
	t.Helper()
	if err != nil {
		require.Nil(t, r)
		return
	}
	_, err = config.Parse(r.YAML, "imported.yml")
	require.NoError(t, err, "%s", r.YAML)
}

// addSamples adds the files of one source to the corpus of a fuzz target.
func addSamples(f *testing.F, folder string, add func(source []byte)) {
	f.Helper()
	for _, s := range samples(f) {
		if strings.HasPrefix(s.name, folder+"/") {
			add(s.source)
		}
	}
}

func FuzzCurl(f *testing.F) {
	addSamples(f, "curl", func(source []byte) { f.Add(string(source)) })
	for _, source := range []string{
		"curl -u a:b http://h -L -k", "curl -H 'Authorization: Basic YTpi' -H 'Host: x' h", "curl --json '{\"a\":\"{{b}}\"}' 'h?token={{x}}'",
		"curl $'\\ud83d\\ude00\\x00\\777' h", "curl --resolve 'h:80:::1' -6 h -4", "curl -x [::1]:1 -U a h --http2-prior-knowledge", "curl //h//a//b?# -b 'a=b' -b c",
		"curl --http3 -L http://127.0.0.1 -k --tls-max 1.0 --dns-servers 1.1.1.1:5", "curl -I -d x http://h --next -T - h",
		"curl http://0", "curl h// -b a=b",
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		r, err := imports.Curl(source, imports.Options{})
		requireAccepted(t, r, err)
		_, _ = imports.Curl(source, imports.Options{Secrets: "s", Exists: func(string) bool { return true }})
	})
}

func FuzzHAR(f *testing.F) {
	addSamples(f, "har", func(source []byte) { f.Add(source, true); f.Add(source, false) })
	f.Add([]byte(`{"log":{"entries":[{"_fromCache":"disk","request":{"method":"GET","url":"https://h/"}}]}}`), false)
	f.Fuzz(func(t *testing.T, source []byte, journey bool) {
		r, err := imports.HAR(source, imports.HAROptions{Journey: journey})
		requireAccepted(t, r, err)
	})
}

func FuzzOpenAPI(f *testing.F) {
	addSamples(f, "openapi", func(source []byte) { f.Add(source, said(source, "url")) })
	f.Fuzz(func(t *testing.T, source []byte, url string) {
		r, err := imports.OpenAPI(source, imports.OpenAPIOptions{URL: url})
		requireAccepted(t, r, err)
	})
}

func FuzzBlackbox(f *testing.F) {
	addSamples(f, "blackbox", func(source []byte) { f.Add(source, said(source, "targets")) })
	f.Fuzz(func(t *testing.T, source []byte, targets string) {
		r, err := imports.Blackbox(source, imports.BlackboxOptions{Targets: strings.Fields(targets)})
		requireAccepted(t, r, err)
	})
}

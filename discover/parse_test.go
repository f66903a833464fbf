//go:build !lean

package discover

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMistakesInMechanismsHaveTheirLineAndShowNoValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := Check(entriesOf(t, dir, `
discover:
  - name: wrong
    http_sd_configs:
      - url: 'http://a.example.com/?canary'
        refresh_intervall: 1s
      - url: 'ftp://canary/'
      - {url: 'http://a', refresh_interval: canary-canary}
    file_sd_configs: [{files: [canary.txt]}]
    dns_sd_configs: [{names: [a], type: A}]
    relabel_configs:
      - action: canary
      - {action: hashmod, target_label: a}
      - {regex: '(canary'}
    target: {name: a, url: 'http://a/'}
`))
	require.Error(t, err)
	got := strings.ReplaceAll(err.Error(), filepath.Join(dir, "prober.yml"), "prober.yml")
	assert.NotContains(t, got, "canary")
	t.Log(got)
	for _, want := range []string{
		`prober.yml:6: discover[0] "wrong": http_sd_configs[0]: has no key "refresh_intervall"`,
		`prober.yml:7: discover[0] "wrong": http_sd_configs[1]: `,
		`prober.yml:8: discover[0] "wrong": http_sd_configs[2]: `,
		`prober.yml:9: discover[0] "wrong": file_sd_configs[0]: `,
		`prober.yml:10: discover[0] "wrong": dns_sd_configs[0]: `,
		`prober.yml:12: discover[0] "wrong": relabel_configs[0]: `,
		`prober.yml:13: discover[0] "wrong": relabel_configs[1]: relabel configuration for hashmod requires non-zero modulus`,
		`prober.yml:14: discover[0] "wrong": relabel_configs[2]: `,
	} {
		assert.Contains(t, got, want)
	}
}

func TestMechanismsThatAreRightHaveNoMistake(t *testing.T) {
	t.Parallel()
	require.NoError(t, Check(entriesOf(t, t.TempDir(), `
discover:
  - name: right
    kubernetes_sd_configs: [{role: service, namespaces: {names: [a]}}, {role: ingress}]
    consul_sd_configs: [{server: 'localhost:8500', token: secret, services: [a]}]
    dns_sd_configs: [{names: [a], type: A, port: 80}]
    http_sd_configs: [{url: 'http://a', basic_auth: {username: u, password: p}}]
    file_sd_configs: [{files: ['*.json']}]
    target: {name: a, url: 'http://a/'}
`)))
}

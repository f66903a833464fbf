package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// manyTargets returns a file of n targets with headers, expectations and labels.
func manyTargets(n int) []byte {
	var b strings.Builder
	b.WriteString(`defaults:
  request: {headers: {Accept: application/json, X-Env: staging}}
  burst: {requests: 10, rate: 5, concurrency: 2}
  expect: {status: [200-299], headers: {Content-Type: ^application/json}, body: {regexp: 'ok|fine'}}
targets:
`)
	for i := range n {
		fmt.Fprintf(&b, "  - {name: t%d, url: 'https://h%[1]d.example/p?q=%[1]d', labels: {team: a}, request: {headers: {X-Id: '%[1]d'}}}\n", i)
	}
	return []byte(b.String())
}

// manyHeaders returns a file with one target that replaces n headers of the defaults.
func manyHeaders(n int) []byte {
	var b strings.Builder
	write := func(indent string) {
		for i := range n {
			fmt.Fprintf(&b, "%sX-Header-%d: v\n", indent, i)
		}
	}
	b.WriteString("defaults:\n  request:\n    headers:\n")
	write("      ")
	b.WriteString("targets:\n  - name: a\n    url: http://a.example/\n    request:\n      headers:\n")
	write("        ")
	return []byte(b.String())
}

// unknownKeys returns a file with one target with n unknown keys.
func unknownKeys(n int) []byte {
	var b strings.Builder
	b.WriteString("targets:\n- name: a\n  url: http://a.example/\n")
	for i := range n {
		fmt.Fprintf(&b, "  zz%d: 1\n", i)
	}
	return []byte(b.String())
}

func BenchmarkParseAThousandTargets(b *testing.B) {
	text := manyTargets(1000)
	b.ReportAllocs()
	for b.Loop() {
		_, err := Parse(text, "prober.yml")
		require.NoError(b, err)
	}
}

func BenchmarkRedactAThousandTargets(b *testing.B) {
	c, err := Parse(manyTargets(1000), "prober.yml")
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := c.Redacted()
		require.NoError(b, err)
	}
}

func BenchmarkParseTenThousandHeaders(b *testing.B) {
	text := manyHeaders(10_000)
	b.ReportAllocs()
	for b.Loop() {
		_, err := Parse(text, "prober.yml")
		require.NoError(b, err)
	}
}

func BenchmarkParseAHundredThousandUnknownKeys(b *testing.B) {
	text := unknownKeys(100_000)
	b.ReportAllocs()
	for b.Loop() {
		_, err := Parse(text, "prober.yml")
		assert.Error(b, err)
	}
}

func BenchmarkPrintAHundredThousandUnknownKeys(b *testing.B) {
	_, err := Parse(unknownKeys(100_000), "prober.yml")
	require.Error(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_ = err.Error()
	}
}

// BenchmarkReadAHundredThousandRows reads three columns of a file. It checks each value of one column against its
// place.
func BenchmarkReadAHundredThousandRows(b *testing.B) {
	folder := b.TempDir()
	var rows strings.Builder
	rows.WriteString("id,term,user\n")
	for i := range 100_000 {
		fmt.Fprintf(&rows, "%d,\"a search term, %d\",user%d@example.com\n", i, i, i)
	}
	require.NoError(b, os.WriteFile(filepath.Join(folder, "rows.csv"), []byte(rows.String()), 0o600))
	const text = `targets:
  - name: a
    url: http://127.0.0.1/
    data: {term: {file: rows.csv, column: term}, user: {file: rows.csv, column: user}, id: {file: rows.csv, column: id}}
    requests:
      - {name: search, path: '/search?q={{ term }}', headers: {X-User: '{{ user }}'}}
      - {name: order, method: POST, body: '{"id": {{ id }}}'}
`
	b.ReportAllocs()
	for b.Loop() {
		_, err := Parse([]byte(text), filepath.Join(folder, "prober.yml"))
		require.NoError(b, err)
	}
}

// BenchmarkFound makes targets from labels, as a discovery of thousands does.
func BenchmarkFound(b *testing.B) {
	c, err := Parse([]byte(`
targets: []
discover:
  - name: a
    file_sd_configs: [{files: [a.json]}]
    target:
      name: '{{ job }}/{{ instance }}'
      url: 'http://{{ __address__ }}{{ __metrics_path__ }}'
      labels: {team: '{{ team }}'}
      request: {headers: {Accept: application/json, X-Team: '{{ team }}'}}
`), "prober.yml")
	require.NoError(b, err)
	labels := map[string]string{"job": "shop", "instance": "a:80", "__address__": "10.0.0.1:80", "__metrics_path__": "/live", "team": "x"}
	b.ReportAllocs()
	for b.Loop() {
		_, err := c.Discover[0].Target(labels)
		require.NoError(b, err)
	}
}

// BenchmarkTargetFiles reads a thousand files of ten targets each.
func BenchmarkTargetFiles(b *testing.B) {
	folder := b.TempDir()
	for i := range 1000 {
		text := "labels: {team: a}\ntargets:\n"
		for j := range 10 {
			text += fmt.Sprintf("  - {name: t%d-%d, url: 'http://127.0.0.1/%d', burst: {rate: 5, duration: 1s}}\n", i, j, j)
		}
		require.NoError(b, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.yml", i)), []byte(text), 0o600))
	}
	path := filepath.Join(folder, "main")
	text := []byte("target_files: ['*.yml']\non_error: keep\n")
	before, err := Parse(text, path)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		c, err := ParseAfter(text, path, before)
		require.NoError(b, err)
		require.Len(b, c.Targets, 10_000)
	}
}

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/internal/rig"
)

// Prometheus accepts the queries for Sloth and Pyrra.
func TestQueriesOfObjectivesAreValid(t *testing.T) {
	promtool := rig.Program(t, "promtool", "prometheus")
	dir := t.TempDir()
	file := filepath.Join(dir, "prober.yml")
	require.NoError(t, os.WriteFile(file, []byte(`targets:
  - {name: shop, url: 'http://h/', objective: {availability: 99.9, latency: 300ms}}
  - {name: cart, url: 'http://h/', objective: {availability: 99, latency: 333ms}}
metrics: {buckets: [0.3, 1]}
`), 0o600))
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, generator := range []string{"sloth", "pyrra"} {
		out, err := exec.CommandContext(t.Context(), prober, "objectives", "--for="+generator, "--config.file="+file, `--matchers=location="east"`).Output()
		require.NoError(t, err)
		for d := yaml.NewDecoder(strings.NewReader(string(out))); ; {
			var document any
			if d.Decode(&document) != nil {
				break
			}
			walk(document, func(key, value string) {
				switch key {
				case "error_query", "total_query":
					rules = append(rules, rule{"a:b:c", strings.ReplaceAll(value, "{{.window}}", "5m")})
				case "metric":
					rules = append(rules, rule{"a:b:c", "rate(" + value + "[5m])"})
				}
			})
		}
	}
	assert.Len(t, rules, 4*2+4+3, "two queries for each of four objectives, of Sloth and of Pyrra, where one has native buckets")
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "objectives", "rules": rules}}})
	require.NoError(t, err)
	path := filepath.Join(dir, "rules.yml")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint=none", path).CombinedOutput()
	assert.NoError(t, err, string(out))
}

// walk calls visit for each text of a document, with its key.
func walk(document any, visit func(key, value string)) {
	switch d := document.(type) {
	case map[string]any:
		for key, value := range d {
			if text, isText := value.(string); isText {
				visit(key, text)
			}
			walk(value, visit)
		}
	case []any:
		for _, value := range d {
			walk(value, visit)
		}
	}
}

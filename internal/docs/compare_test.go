package docs_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/config"
	"example.com/prober/internal/docs"
)

// TestTheCanaryAnalysesAreYAML reads the examples of docs/compare.md. Another test checks that their metrics exist.
func TestTheCanaryAnalysesAreYAML(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	var queries []string
	for _, block := range docs.Blocks(docs.Page(t, "docs/compare.md"), "yaml") {
		if strings.HasPrefix(block, "targets:") {
			cfg, err := config.Parse([]byte(block), "prober.yml")
			require.NoError(t, err)
			assert.Equal(t, "checkout-stable", cfg.Targets[1].Compare.With)
			continue
		}
		for decoder := yaml.NewDecoder(strings.NewReader(block)); ; {
			var object map[string]any
			err := decoder.Decode(&object)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, block)
			kind, _ := object["kind"].(string)
			kinds[kind]++
			queries = append(queries, queriesIn(object)...)
		}
	}
	assert.Equal(t, map[string]int{"AnalysisTemplate": 1, "MetricTemplate": 2, "": 1}, kinds)
	require.Len(t, queries, 4)
	for _, query := range queries {
		assert.Contains(t, query, "prober_compare_")
	}
}

// queriesIn returns the values of all keys query in a tree.
func queriesIn(node any) (all []string) {
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			if text, ok := value.(string); ok && key == "query" {
				all = append(all, text)
			}
			all = append(all, queriesIn(value)...)
		}
	case []any:
		for _, value := range n {
			all = append(all, queriesIn(value)...)
		}
	}
	return all
}

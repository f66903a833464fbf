package imports_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/docs"
	"example.com/prober/internal/imports"
)

// The page shows a command and its output.
func TestThePageShowsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	page := docs.Page(t, "docs/import.md")
	command := strings.TrimSpace(docs.Blocks(page, "sh")[0])
	m := regexp.MustCompile(`^prober import curl '(.*)'$`).FindStringSubmatch(command)
	require.NotNil(t, m)
	r, err := imports.Curl(m[1], imports.Options{})
	require.NoError(t, err)
	assert.Equal(t, docs.Blocks(page, "yaml")[0], string(r.YAML))
}

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPagesShowTheComparisonsOfTheResults(t *testing.T) {
	t.Parallel()
	for _, part := range shown {
		var texts [2]string
		for i, file := range []string{"RESULTS.md", "../" + part.page} {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			var found bool
			texts[i], found = sectionOf(string(content), part.name)
			require.True(t, found, "%s has the part %q", file, part.name)
		}
		assert.Equal(t, texts[0], texts[1], "`go generate ./bench` copies it")
	}
}

func TestASectionIsReplacedAndTheOthersStay(t *testing.T) {
	t.Parallel()
	content := withSection("", "pace", "## One\n")
	content = withSection(content, "stall", "## Two\n")
	assert.Equal(t, title+`
<!-- pace -->
## One
<!-- end of pace -->

<!-- stall -->
## Two
<!-- end of stall -->
`, content)

	content = withSection(content, "pace", "## Three\n")
	assert.Equal(t, title+`
<!-- pace -->
## Three
<!-- end of pace -->

<!-- stall -->
## Two
<!-- end of stall -->
`, content)
}

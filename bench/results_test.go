package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadmeShowsTheComparisonOfTheResults(t *testing.T) {
	t.Parallel()
	var shown [2]string
	for i, file := range []string{"RESULTS.md", "../README.md"} {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var found bool
		shown[i], found = sectionOf(string(content), comparison)
		require.True(t, found, "%s has the comparison", file)
	}
	assert.Equal(t, shown[0], shown[1], "`go generate ./bench` copies it")
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

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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

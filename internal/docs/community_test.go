package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/internal/docs"
)

// communityPages are for contributors. Their commands are not run: they build and test the repository itself.
func communityPages() []string {
	return []string{"CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"}
}

func TestThePagesForContributorsNameOnlyWhatExists(t *testing.T) {
	t.Parallel()
	root, makefile := docs.Root(t), docs.Page(t, "Makefile")
	for _, name := range communityPages() {
		text := docs.Page(t, name)
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			file, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			if assert.FileExists(t, filepath.Join(root, file), name) && anchor != "" {
				assert.Contains(t, anchors(docs.Page(t, file)), anchor, name)
			}
		}
		for _, m := range regexp.MustCompile(`\bmake ([a-z0-9-]+)\b`).FindAllStringSubmatch(text, -1) {
			assert.Contains(t, makefile, "\n"+m[1]+": ", "%s: make %s", name, m[1])
		}
		for _, m := range regexp.MustCompile(`\./((?:internal/)?[a-z]+)\b`).FindAllStringSubmatch(text, -1) {
			assert.DirExists(t, filepath.Join(root, m[1]), name)
		}
	}
}

// TestTheIssueTemplatesAreForms checks the templates against GitHub's rules for forms.
func TestTheIssueTemplatesAreForms(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(docs.Root(t), ".github", "ISSUE_TEMPLATE", "*.yml"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var form struct {
			Name, Description string
			Body              []struct {
				Type, ID   string
				Attributes struct{ Label, Value string }
			}
		}
		require.NoError(t, yaml.Unmarshal(text, &form), file)
		if filepath.Base(file) == "config.yml" {
			continue
		}
		assert.NotEmpty(t, form.Name, file)
		assert.NotEmpty(t, form.Description, file)
		ids := map[string]bool{}
		for _, part := range form.Body {
			if part.Type == "markdown" {
				assert.NotEmpty(t, part.Attributes.Value, file)
				continue
			}
			assert.Contains(t, []string{"textarea", "input", "dropdown", "checkboxes"}, part.Type, file)
			assert.NotEmpty(t, part.Attributes.Label, file)
			assert.False(t, ids[part.ID], "%s: the id %s comes twice", file, part.ID)
			ids[part.ID] = true
		}
		assert.NotEmpty(t, ids, file)
	}
}

func TestTheLicenceIsTheStandardText(t *testing.T) {
	t.Parallel()
	text := docs.Page(t, "LICENSE")
	assert.Contains(t, text, "Apache License\n                           Version 2.0, January 2004\n")
	assert.Len(t, text, 11357) // as the Apache Software Foundation publishes it, from the title to the end of the appendix
}

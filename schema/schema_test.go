package schema

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/config"
	"example.com/prober/config/form"
	"example.com/prober/internal/docs"
)

var update = flag.Bool("update", false, "write the schemas anew")

func TestTheSchemasAreThoseOfTheConfigurationAndItsReference(t *testing.T) {
	t.Parallel()
	about := reference(t)
	for name, c := range map[string]struct {
		made form.Shape
		kept func() []byte
	}{
		"prober.schema.json":  {config.Schema(about), Configuration},
		"targets.schema.json": {config.TargetFileSchema(about), Targets},
	} {
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		require.NoError(t, encoder.Encode(c.made))
		if *update {
			require.NoError(t, os.WriteFile(name, text.Bytes(), 0o600))
			continue
		}
		assert.Equal(t, text.String(), string(c.kept()), "go test ./schema -update writes %s anew", name)
	}
}

// TestEveryKeyIsDescribed checks each key of the schema of prober.yml: a key has a description
// itself or refers to a key with one.
func TestEveryKeyIsDescribed(t *testing.T) {
	t.Parallel()
	var root map[string]any
	require.NoError(t, json.Unmarshal(Configuration(), &root))
	undescribed := []string{}
	walk("", root, func(path string, key map[string]any) {
		if key["description"] == nil && key["$ref"] == nil && key["anyOf"] == nil {
			undescribed = append(undescribed, path)
		}
	})
	assert.Empty(t, undescribed)
}

// walk calls see for each key of a mapping in a schema.
func walk(path string, node any, see func(path string, key map[string]any)) {
	switch n := node.(type) {
	case map[string]any:
		for name, below := range n {
			keys, isMapping := below.(map[string]any)
			if name == "properties" && isMapping {
				for key, shape := range keys {
					see(path+"."+key, shape.(map[string]any))
				}
			}
			walk(path+"."+name, below, see)
		}
	case []any:
		for _, below := range n {
			walk(path, below, see)
		}
	}
}

// reference returns the description of a key in docs/configuration.md. The keys of a request mean
// the same in the items of requests and journey. The keys of a stage have their description in
// the row of stages.
func reference(t *testing.T) func(path string) config.About {
	t.Helper()
	rows := map[string]config.About{}
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\| (.*?) \\| (.*?) ?\\| (.*?) ?\\|(?: (.*?))? ?\\|$")
	for _, m := range row.FindAllStringSubmatch(docs.Page(t, "docs/configuration.md"), -1) {
		rows[m[1]] = aboutRow(m[3], m[4], m[5])
	}
	require.NotEmpty(t, rows)
	item := regexp.MustCompile(`^(?:requests|journey)\.`)
	return func(path string) config.About {
		if about, ok := rows[path]; ok {
			return about
		}
		if strings.HasPrefix(path, "burst.stages.") {
			return config.About{Text: rows["burst.stages"].Text}
		}
		path = item.ReplaceAllString(path, "")
		if about, ok := rows["request."+path]; ok {
			return about
		}
		return rows[path]
	}
}

// aboutRow turns a row of the reference into the plain text for an editor.
func aboutRow(byDefault, meaning, example string) config.About {
	about := config.About{Text: plain(meaning)}
	if !strings.HasSuffix(about.Text, ".") {
		about.Text += "."
	}
	value := regexp.MustCompile("^`([^`]*)`$")
	switch m := value.FindStringSubmatch(byDefault); {
	case m != nil:
		about.Default = parsed(m[1])
		about.Text += " Default: " + m[1] + "."
	case strings.HasPrefix(byDefault, "required "):
		about.Text += " R" + plain(byDefault[1:]) + "."
	case byDefault != "" && !slices.Contains([]string{"none", "required"}, byDefault):
		about.Text += " Default: " + plain(byDefault) + "."
	}
	if m := value.FindStringSubmatch(example); m != nil {
		about.Examples = []any{parsed(m[1])}
	}
	return about
}

// plain removes the marks of Markdown.
func plain(text string) string {
	text = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(text, "$1")
	return strings.ReplaceAll(text, "`", "")
}

// parsed returns a value in YAML as encoding/json writes it, or the text if it is no YAML.
func parsed(text string) any {
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		return text
	}
	return v
}

package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
	"example.com/prober/option"
)

func everyKey() []string {
	keys := append(targetFields(new(Target)).Paths(), fileFields(new(Config)).Paths()...)
	below := func(parent string, fields form.Section) {
		for _, f := range fields {
			keys = append(keys, parent+"."+f.Name)
		}
	}
	below("data", new(dataEntry).fields())
	below("requests", mixItemFields(new(NamedRequest)))
	below("journey", stepFields(new(NamedRequest)))
	below("journey.capture", captureFields(new(option.Capture)))
	below("maintenance", windowFields(new(window)))
	below("discover", discoverFields(new(Discover)))
	return keys
}

func TestTheReferenceHasARowForEveryKeyAndNoOther(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\|").FindAllSubmatch(page, -1) {
		rows = append(rows, string(m[1]))
	}
	assert.ElementsMatch(t, everyKey(), rows)
}

func TestTheReferencesMinimalFileWorks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	files := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1)
	require.NotEmpty(t, files)
	for _, file := range files {
		_, err := Parse(file[1], "prober.yml")
		assert.NoError(t, err)
	}
}

// TestTheDefaultOfDenyIsRepeatedWhereItMatters checks the pages with the
// default, and the places that forbid the same addresses once more.
func TestTheDefaultOfDenyIsRepeatedWhereItMatters(t *testing.T) {
	t.Parallel()
	c, err := Parse([]byte("targets: []"), "prober.yml")
	require.NoError(t, err)
	list := make([]string, len(c.Network.Deny))
	for i, p := range c.Network.Deny {
		list[i] = p.String()
	}
	for path, said := range map[string]string{
		"../docs/configuration.md":                "`[" + strings.Join(list, ", ") + "]`",
		"../prober.yml":                           "#deny: [" + strings.Join(list, ", ") + "]",
		"../deploy/systemd/prober.service":        "IPAddressDeny=" + strings.Join(list, " ") + "\n",
		"../deploy/kubernetes/networkpolicy.yaml": "",
	} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Contains(t, string(text), said, path)
		for _, prefix := range list {
			assert.Contains(t, string(text), prefix, path)
		}
	}
}

func TestTheExampleWorks(t *testing.T) {
	t.Parallel()
	c, err := Load("../prober.yml")
	require.NoError(t, err)
	assert.Len(t, c.Targets, 7)
}

// TestTheExampleWorksUncommented removes the # from every setting of the
// example.
func TestTheExampleWorksUncommented(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../prober.yml")
	require.NoError(t, err)
	full := regexp.MustCompile(`(?m)^( *)#([a-z-])`).ReplaceAll(example, []byte("$1$2"))
	require.NotEqual(t, string(example), string(full))
	_, err = Parse(full, filepath.Join(workspace(t, "testdata/good"), "prober.yml"))
	require.NoError(t, err)
	for _, key := range everyKey() {
		last := regexp.MustCompile(`[a-z0-9_]+$`).FindString(key)
		assert.Regexp(t, `\b`+last+`:`, string(full), "the example does not show %s", key)
	}
}

// TestTheReferenceSaysWhichKeysEachKindHas checks the list of keys for tcp and
// tls.
func TestTheReferenceSaysWhichKeysEachKindHas(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(page), "### Kinds of targets")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	for _, k := range kinds {
		for _, scheme := range k.schemes {
			assert.Regexp(t, "\\| .*`"+scheme+"://`.* \\|", section, "it has no row")
		}
		for _, path := range append(k.keys, commonKeys...) {
			assert.Contains(t, section, "`"+path[strings.LastIndex(path, ".")+1:]+"`", path)
		}
	}
}

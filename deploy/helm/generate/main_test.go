package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/prober/config"
	"example.com/prober/internal/rig"
)

const top = "../../.."

func TestTheChartHasWhatIsGenerated(t *testing.T) {
	t.Parallel()
	want, err := render(top)
	require.NoError(t, err)
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(top, chart, name))
		require.NoError(t, err)
		assert.Empty(t, rig.Differing(string(text), string(got)), "go generate ./deploy/helm/generate writes %s anew", name)
	}
	require.NoError(t, fs.WalkDir(os.DirFS(filepath.Join(top, chart)), "files", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			assert.Contains(t, want, path, "nothing generates it")
		}
		return err
	}))
}

// Each key of the schema has its meaning in values.yaml. The generator checks that the schema knows each key of
// values.yaml.
func TestTheSchemaKnowsNoKeyThatNobodyDescribes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(top, chart, "values.yaml"))
	require.NoError(t, err)
	values, err := parseValues(text)
	require.NoError(t, err)
	var schema any
	require.NoError(t, json.Unmarshal(valuesSchema, &schema))
	for _, key := range keysOf("", schema) {
		known := key == "global" || strings.HasPrefix(key, "resources.") // of Helm and of Kubernetes
		for _, v := range values {
			known = known || v.key == key || strings.HasPrefix(v.key, key+".")
		}
		assert.True(t, known, "values.yaml does not describe %s", key)
	}
}

// keysOf returns the keys of a schema, inner keys as a.b.
func keysOf(prefix string, schema any) (keys []string) {
	object, _ := schema.(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	for name, inner := range properties {
		keys = append(append(keys, prefix+name), keysOf(prefix+name+".", inner)...)
	}
	return keys
}

func TestMistakesInValuesAreNamed(t *testing.T) {
	t.Parallel()
	_, err := parseValues([]byte("# Known.\na: 1\nb: 2\n"))
	require.EqualError(t, err, "line 3: no comment says what b means")
	_, err = composeSchema([]value{{key: "image.colour"}}, []byte("{}"))
	require.EqualError(t, err, "it does not know the key image.colour")
	_, err = withTable([]byte("# Title\n"), nil)
	require.ErrorContains(t, err, "are missing")
}

// TestTheProberTakesWhatTheChartRenders reads the configurations in the golden renders and in the README.
func TestTheProberTakesWhatTheChartRenders(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../validate/testdata/chart/*.golden.yaml")
	require.NoError(t, err)
	require.Len(t, files, 3)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		configurations := 0
		for decoder := yaml.NewDecoder(strings.NewReader(string(text))); ; {
			var object struct {
				Kind string
				Data map[string]string
			}
			err := decoder.Decode(&object)
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
			if configuration, found := object.Data["prober.yml"]; object.Kind == "ConfigMap" && found {
				configurations++
				parse(t, configuration)
			}
		}
		assert.Equal(t, 1, configurations, file)
	}
	readme, err := os.ReadFile(filepath.Join(top, chart, "README.md"))
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)\n```yaml\n(.*?\n)```\n").FindAllSubmatch(readme, -1)
	assert.Len(t, examples, 2)
	for _, example := range examples {
		var values struct{ Config map[string]any }
		require.NoError(t, yaml.Unmarshal(example[1], &values))
		text, err := yaml.Marshal(values.Config)
		require.NoError(t, err)
		parse(t, string(text))
	}
}

// parse reads a configuration without its referenced files, because this machine does not have them.
func parse(t *testing.T, text string) {
	t.Helper()
	_, err := config.Parse([]byte(text), "prober.yml")
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		assert.Contains(t, line, "no such file or directory", "%s\n%s", err, text)
	}
}

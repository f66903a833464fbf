// Package validate checks the files of the configuration's tests against the schemas, with a
// validator independent of the program.
package validate

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

const testdata = "../../config/testdata"

func TestTheSchemasAreSchemas(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"prober.schema.json", "targets.schema.json"} {
		compile(t, name)
	}
}

func TestGoodFilesAreValid(t *testing.T) {
	t.Parallel()
	configuration, targets := compile(t, "prober.schema.json"), compile(t, "targets.schema.json")
	for _, path := range append(files(t, "good/*.yml"), "../../prober.yml") {
		assert.NoError(t, validate(t, configuration, path), path)
	}
	for _, path := range files(t, "good/parts/*.yml") {
		assert.NoError(t, validate(t, targets, path), path)
	}
}

func TestTheExampleIsValidUncommented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../prober.yml")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "prober.yml")
	require.NoError(t, os.WriteFile(path, uncommented.ReplaceAll(text, []byte("$1$2")), 0o600))
	assert.NoError(t, validate(t, compile(t, "prober.schema.json"), path))
}

// TestBadFilesAreNotValid allows a list of exceptions: only the program can find their mistakes.
func TestBadFilesAreNotValid(t *testing.T) {
	t.Parallel()
	configuration := compile(t, "prober.schema.json")
	all := files(t, "bad/*.yml")
	require.Greater(t, len(all), 100)
	for _, path := range all {
		name := strings.TrimSuffix(filepath.Base(path), ".yml")
		err := validate(t, configuration, path)
		if reason, listed := onlyTheProgram[name]; listed {
			assert.NoError(t, err, "%s is no longer for the program alone: %s", name, reason)
			continue
		}
		assert.Error(t, err, name)
	}
	for name := range onlyTheProgram {
		assert.Contains(t, all, filepath.Join(testdata, "bad", name+".yml"))
	}
}

// validate returns the errors of a file against a schema, or the error of its YAML.
func validate(t *testing.T, schema *jsonschema.Schema, path string) error {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var content any
	if err := yaml.Unmarshal(text, &content); err != nil {
		return err
	}
	return schema.Validate(asJSON(content))
}

// asJSON converts a value in YAML to an editor's view: names of keys are texts, and so are dates.
func asJSON(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = asJSON(value)
		}
		return v
	case map[any]any:
		all := map[string]any{}
		for key, value := range v {
			all[fmt.Sprint(key)] = asJSON(value)
		}
		return all
	case []any:
		for i, value := range v {
			v[i] = asJSON(value)
		}
		return v
	case time.Time:
		return v.String()
	}
	return v
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	content, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource(name, content))
	schema, err := compiler.Compile(name)
	require.NoError(t, err)
	return schema
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(testdata, pattern))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

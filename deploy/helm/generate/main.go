// Command generate copies files of other folders into the Helm chart: the dashboards, the rules and the schema of the
// configuration. It writes the table of values in the chart's README, too. Run it from the root of the module.
package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:generate go -C ../../.. run ./deploy/helm/generate

// chart is the folder of the chart, relative to the root of the module.
const chart = "deploy/helm/prober"

// valuesSchema is the schema of the values without the schema of the configuration.
//
//go:embed values.schema.json
var valuesSchema []byte

// The generated part of README.md is between these lines.
const (
	tableBegins = "<!-- values.yaml, by go generate ./deploy/helm/generate -->\n"
	tableEnds   = "<!-- end -->\n"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func write(root string) error {
	files, err := render(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		file := filepath.Join(root, chart, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // the chart is to be published
			return err
		}
		if err := os.WriteFile(file, text, 0o644); err != nil { //nolint:gosec // likewise
			return err
		}
	}
	return nil
}

// render returns the generated files of the chart, by their names in it.
func render(root string) (map[string][]byte, error) {
	files, err := copies(root)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(root, chart, "values.yaml"))
	if err != nil {
		return nil, err
	}
	values, err := parseValues(text)
	if err != nil {
		return nil, fmt.Errorf("values.yaml: %w", err)
	}
	configuration, err := os.ReadFile(filepath.Join(root, "schema", "prober.schema.json"))
	if err != nil {
		return nil, err
	}
	if files["values.schema.json"], err = composeSchema(values, configuration); err != nil {
		return nil, fmt.Errorf("values.schema.json: %w", err)
	}
	readme, err := os.ReadFile(filepath.Join(root, chart, "README.md"))
	if err != nil {
		return nil, err
	}
	if files["README.md"], err = withTable(readme, values); err != nil {
		return nil, fmt.Errorf("README.md: %w", err)
	}
	return files, nil
}

// copies returns the files that are copied unchanged.
func copies(root string) (map[string][]byte, error) {
	from := map[string]string{"files/prometheusrule.yaml": "dashboards/rules/prometheusrule.yaml"}
	dashboards, err := filepath.Glob(filepath.Join(root, "dashboards", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, name := range dashboards {
		base := filepath.Base(name)
		from[path.Join("files/dashboards", base)] = path.Join("dashboards", base)
	}
	files := map[string][]byte{}
	for name, source := range from {
		if files[name], err = os.ReadFile(filepath.Join(root, source)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// value is a key of values.yaml. A key with described inner keys has no default of its own.
type value struct {
	key, meaning, byDefault string
}

// parseValues returns the described keys in their order. It fails for a key without a description.
func parseValues(text []byte) ([]value, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	var found []value
	err := describe(&found, "", document.Content[0])
	return found, err
}

func describe(found *[]value, prefix string, mapping *yaml.Node) error {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		key, content := mapping.Content[i], mapping.Content[i+1]
		name := prefix + key.Value
		if isBlock(key, content) {
			if err := describe(found, name+".", content); err != nil {
				return err
			}
			continue
		}
		if key.HeadComment == "" {
			return fmt.Errorf("line %d: no comment says what %s means", key.Line, name)
		}
		text, err := inOneLine(content)
		if err != nil {
			return err
		}
		*found = append(*found, value{key: name, meaning: meaning(key.HeadComment), byDefault: text})
	}
	return nil
}

// isBlock reports whether the inner keys are described one by one.
func isBlock(key, content *yaml.Node) bool {
	return content.Kind == yaml.MappingNode && key.HeadComment == "" && len(content.Content) > 0 && content.Content[0].HeadComment != ""
}

// meaning returns the last paragraph of a comment in one line. Earlier paragraphs are about the file.
func meaning(comment string) string {
	paragraphs := strings.Split(comment, "\n\n")
	lines := strings.Split(paragraphs[len(paragraphs)-1], "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ")
	}
	return strings.Join(lines, " ")
}

// inOneLine returns a value as JSON, which is YAML, too.
func inOneLine(content *yaml.Node) (string, error) {
	var v any
	if err := content.Decode(&v); err != nil {
		return "", err
	}
	text, err := marshal(v)
	return strings.TrimSpace(string(text)), err
}

// withTable returns the README with the table of values in its place.
func withTable(readme []byte, values []value) ([]byte, error) {
	before, rest, begins := bytes.Cut(readme, []byte(tableBegins))
	_, after, ends := bytes.Cut(rest, []byte(tableEnds))
	if !begins || !ends {
		return nil, fmt.Errorf("the lines %q and %q are missing", strings.TrimSpace(tableBegins), strings.TrimSpace(tableEnds))
	}
	var out bytes.Buffer
	out.Write(before)
	out.WriteString(tableBegins + "\n| key | default | meaning |\n|---|---|---|\n")
	for _, v := range values {
		fmt.Fprintf(&out, "| `%s` | `%s` | %s |\n", v.key, v.byDefault, strings.ReplaceAll(v.meaning, "|", `\|`))
	}
	out.WriteString("\n" + tableEnds)
	out.Write(after)
	return out.Bytes(), nil
}

// composeSchema returns the schema of the values with their descriptions, and with the schema of the configuration in it.
func composeSchema(values []value, configuration []byte) ([]byte, error) {
	var schema, inner map[string]any
	if err := errors.Join(json.Unmarshal(valuesSchema, &schema), json.Unmarshal(configuration, &inner)); err != nil {
		return nil, err
	}
	for _, v := range values {
		if err := addDescription(schema, v); err != nil {
			return nil, err
		}
	}
	// config refers to it by this name; its own references are relative to it.
	inner["$id"] = "prober.schema.json"
	delete(inner, "$schema")
	schema["definitions"].(map[string]any)["configuration"] = inner //nolint:forcetypeassert // the file beside this one has it
	text, err := marshal(schema)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, text, "", " ")
	return out.Bytes(), err
}

// addDescription describes a key of the schema. It fails for a key that the schema does not know.
func addDescription(schema map[string]any, v value) error {
	at := schema
	for part := range strings.SplitSeq(v.key, ".") {
		properties, _ := at["properties"].(map[string]any)
		next, known := properties[part].(map[string]any)
		if !known {
			return fmt.Errorf("it does not know the key %s", v.key)
		}
		at = next
	}
	if _, refers := at["$ref"]; refers {
		// Draft 7 ignores siblings of $ref.
		copied := maps.Clone(at)
		clear(at)
		at["allOf"] = []any{copied}
	}
	at["description"] = v.meaning
	return nil
}

// marshal encodes without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return out.Bytes(), err
}

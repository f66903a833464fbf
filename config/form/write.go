package form

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Redaction replaces a secret.
const Redaction = "<redacted>"

// Write returns the fields that are set as YAML, with their secrets hidden.
func Write(fields Section) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(fields.Encode()); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return out.Bytes(), nil
}

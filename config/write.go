package config

import (
	"bytes"
	"fmt"

	"gopkg.in/yaml.v3"
)

// redaction stands where a secret was.
const redaction = "<redacted>"

// write returns the fields that are set as YAML, with their secrets hidden.
func write(fields section) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(fields.encode()); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return out.Bytes(), nil
}

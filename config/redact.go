package config

import (
	"example.com/prober/config/form"
)

// Redacted returns the configuration in effect as YAML that can be read again: targets,
// headers and lists in the order of the file, keys in the order of the reference, every
// default filled in. Header values, bodies, URL queries and key paths are replaced by
// <redacted>. It uses the same schema as reading does, so a key cannot be read and then
// missing here.
func (c *Config) Redacted() ([]byte, error) { return form.Write(fileFields(c)) }

// Redacted returns the configuration of the target, in the form of
// [Config.Redacted].
func (t Target) Redacted() ([]byte, error) { return form.Write(targetFields(&t)) }

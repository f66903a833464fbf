// Package schema holds the JSON Schemas of the program's files, for editors and for checks
// without the program.
//
// They are generated: the keys and their values from package config, the descriptions from
// docs/configuration.md. `go test ./schema -update` writes them anew.
package schema

import _ "embed"

//go:embed prober.schema.json
var configuration []byte

//go:embed targets.schema.json
var targets []byte

// Configuration returns the schema of prober.yml, in JSON. The caller must not change it.
func Configuration() []byte { return configuration }

// Targets returns the schema of the files in target_files.
func Targets() []byte { return targets }

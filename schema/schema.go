// Package schema holds the JSON Schemas of the files that the program reads, for editors and for
// whoever checks such files without the program.
//
// They are generated: the keys and what they may hold from package config, the descriptions from
// docs/configuration.md. `go test ./schema -update` writes them anew.
package schema

import _ "embed"

//go:embed prober.schema.json
var configuration []byte

//go:embed targets.schema.json
var targets []byte

// Configuration returns the schema of prober.yml, in JSON. Nobody may change it.
func Configuration() []byte { return configuration }

// Targets returns the schema of the files that target_files names.
func Targets() []byte { return targets }

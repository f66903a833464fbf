// Package imports makes a prober.yml from the files of other programs: command lines of curl, recordings of browsers
// (HAR), OpenAPI documents, the modules of blackbox_exporter.
//
// It drops nothing in silence: a comment stands in place of anything without a counterpart. The result contains no
// secrets: secrets go into files of their own, or are left out. The package knows no type of the configuration; tests
// load its results as a configuration.
package imports

import (
	"cmp"
	"fmt"
	"strings"
)

// Options say how to import any source.
type Options struct {
	// Name is the path of the source in errors.
	Name string
	// Folder is the folder of the source. Relative paths in a blackbox.yml begin there.
	Folder string
	// Secrets is the folder of the files for secrets, as the configuration names it. Without it secrets are left out,
	// and comments mark their places.
	Secrets string
	// Exists reports whether a file named in the source exists. A key for a missing file is commented out, because it
	// would make the configuration invalid. If Exists is nil, all files count as missing.
	Exists func(path string) bool
}

// Result is the result of an import.
type Result struct {
	// YAML is the configuration.
	YAML []byte
	// Secrets are the files that the configuration refers to; none without [Options.Secrets].
	Secrets []Secret
}

// Secret is a file that only its owner may read.
type Secret struct {
	// Path begins with the folder of the options.
	Path    string
	Content []byte
}

// placeError is a mistake in the source.
type placeError struct {
	name string
	line int    // counted from 1; 0 if unknown
	key  string // the way to it in the source; may be empty
	msg  string
}

// Error returns "shop.har:12: entries[3]: request.url: is missing", or its known parts.
func (e *placeError) Error() string {
	var b strings.Builder
	b.WriteString(cmp.Or(e.name, "standard input"))
	if e.line > 0 {
		fmt.Fprintf(&b, ":%d", e.line)
	}
	b.WriteString(": ")
	if e.key != "" {
		b.WriteString(e.key + ": ")
	}
	return b.String() + e.msg
}

// cut returns s quoted on one line, and shortens a long s.
func cut(s string) string { return fmt.Sprintf("%.60q", s) }

// finish builds the result of an import.
func finish(head []string, targets []*target, o Options) (*Result, error) {
	v := &secretFiles{folder: o.Secrets}
	all := newBlock()
	for _, line := range head {
		all.note("%s", line)
	}
	list := all.items("targets")
	taken := names{}
	for _, t := range targets {
		t.name = taken.unique(t.name)
		t.bound()
		t.render(list.item(), v)
	}
	if len(targets) == 0 {
		list.entries = nil
		all.plain("targets", "[]")
	}
	return &Result{YAML: all.bytes(), Secrets: v.files}, nil
}

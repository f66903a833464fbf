// Package imports makes a prober.yml of what other programs have: command lines of curl,
// recordings of browsers (HAR), OpenAPI documents, the modules of blackbox_exporter.
//
// Nothing is dropped in silence: what has no counterpart stands in a comment at its place.
// No secret stands in what is made: secrets go into files of their own, or are left out. The
// package knows no type of the configuration; tests hold what it makes against it.
package imports

import (
	"cmp"
	"fmt"
	"strings"
)

// Options say how to import, whatever the source is.
type Options struct {
	// Name is what errors call the source: the path of a file.
	Name string
	// Folder is where the source is: the relative paths that a blackbox.yml names begin there.
	Folder string
	// Secrets is the folder of the files for secrets, as it is to stand in the configuration.
	// Without it secrets are left out, and comments say where they belong.
	Secrets string
	// Exists reports whether a file that the source names is there. A key for a file that is
	// not there is commented out, for it would make the configuration invalid. Nil means that
	// none is.
	Exists func(path string) bool
}

// Result is what an import comes to.
type Result struct {
	// YAML is the configuration.
	YAML []byte
	// Secrets are the files that it refers to; none without [Options.Secrets].
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
	line int    // counted from 1; 0 where none is known
	key  string // the way to it in the source; empty where there is none
	msg  string
}

// Error returns "shop.har:12: entries[3]: request.url: is missing", as far as it is known.
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

// cut returns s on one line, quoted, and cut where it is long.
func cut(s string) string { return fmt.Sprintf("%.60q", s) }

// finish puts together what was imported.
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

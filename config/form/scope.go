package form

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Scope is the part of the file to which mistakes are attributed: the file as a whole, its defaults, or one item with
// these defaults.
type Scope struct {
	*Report
	Files *Files
	// Where is as in [Error].
	Where string
	// marks maps dotted paths to the places that set them. The marks of an item begin as a copy of the defaults' marks.
	marks map[string]mark
	// flat is a section with its keys directly in the mapping of the scope.
	flat struct {
		name string
		keys Section
	}
}

// NewScope returns the scope of a file as a whole.
func NewScope(r *Report, files *Files) *Scope {
	return &Scope{Report: r, Files: files, marks: map[string]mark{}}
}

// Part returns the scope of a part of the file. It begins with the keys set in defaults, unless defaults is nil.
func (s *Scope) Part(where string, defaults *Scope) *Scope {
	p := &Scope{Report: s.Report, Files: s.Files, Where: where}
	if defaults != nil {
		p.marks = maps.Clone(defaults.marks)
	}
	if p.marks == nil {
		p.marks = map[string]mark{}
	}
	return p
}

// For returns the scope with another report and another store of files, for an item with its keys as defaults.
func (s *Scope) For(r *Report, files *Files) *Scope {
	return &Scope{Report: r, Files: files, Where: s.Where, marks: s.marks}
}

// Detached returns the scope without the report and the files. It still knows which keys are set.
func (s *Scope) Detached() *Scope {
	if s == nil {
		return nil
	}
	return &Scope{Where: s.Where, marks: s.marks}
}

// Flatten puts the keys of a section directly into the mapping of the scope. In the schema they are below name;
// mistakes are reported without name.
func (s *Scope) Flatten(name string, keys Section) { s.flat.name, s.flat.keys = name, keys }

// pathOf returns the path of a key in the mapping of the scope.
func (s *Scope) pathOf(key string) string {
	if s.flat.keys.Has(key) {
		return s.flat.name + "." + key
	}
	return pathElement(key)
}

// shown returns a path as it is written in the file, for a key in the part where.
func (s *Scope) shown(where, path string) string {
	if key, ok := strings.CutPrefix(path, s.flat.name+"."); ok && where == s.Where && len(s.flat.keys) > 0 {
		return key
	}
	return path
}

// Flags returns a scope for flags that set keys of s. The keys they set are also set in s.
func (s *Scope) Flags() *Scope {
	return &Scope{Report: s.Report, Files: s.Files, Where: commandLine, marks: s.marks}
}

// part is a part of a file to which mistakes are attributed.
type part struct{ file, where string }

func (s *Scope) part() part { return part{s.File, s.Where} }

type mark struct {
	part

	key *yaml.Node
	// bad is set once a mistake has been reported at the key.
	bad bool
}

// place returns the place of the key: "in line 12".
func (m mark) place() string {
	if m.where == commandLine {
		return "a flag too"
	}
	return fmt.Sprintf("in line %d", m.key.Line)
}

// IsSet reports whether the key was set, here or in the defaults.
func (s *Scope) IsSet(path string) bool {
	_, ok := s.marks[path]
	return ok
}

// IsOwn reports whether path was set in the scope itself, not in its defaults.
func (s *Scope) IsOwn(path string) bool { return s.IsSet(path) && s.marks[path].part == s.part() }

// AreTogether reports whether both keys were set in the same part of the file. Both must be set.
func (s *Scope) AreTogether(a, b string) bool { return s.marks[a].part == s.marks[b].part }

// Sound reports whether all keys were set without a mistake.
func (s *Scope) Sound(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return !s.IsSet(path) || s.marks[path].bad })
}

// Mark notes that key sets path.
func (s *Scope) Mark(path string, key *yaml.Node) { s.marks[path] = mark{key: key, part: s.part()} }

// Spot returns the place of a key. The key must be set.
func (s *Scope) Spot(path string) Spot {
	return Spot{part: s.marks[path].part, path: path, key: s.marks[path].key}
}

// Line returns the line of a key. The key must be set.
func (s *Scope) Line(path string) int { return s.marks[path].key.Line }

// Conflict reports a mistake in a combination of keys. It reports it at the first key set in this scope itself. If all
// are inherited, it reports it at the first of them.
func (s *Scope) Conflict(msg string, paths ...string) {
	if slices.ContainsFunc(paths, func(path string) bool { return s.ignored[s.marks[path].key] }) {
		return
	}
	i := slices.IndexFunc(paths, s.IsOwn)
	if i < 0 {
		i = slices.IndexFunc(paths, s.IsSet)
	}
	blamed := s.marks[paths[i]]
	s.addTo(blamed.part, blamed.key, s.shown(blamed.where, paths[i]), msg)
}

// Forget makes path and all below it unset. It leaves variables alone.
func (s *Scope) Forget(path string) {
	maps.DeleteFunc(s.marks, func(set string, _ mark) bool {
		below, ok := strings.CutPrefix(set, path)
		return ok && (below == "" || below[0] == '.' || below[0] == '[')
	})
}

// Cursor returns the cursor at n, the root of the scope.
func (s *Scope) Cursor(n *yaml.Node) Cursor { return Cursor{Scope: s, Node: n} }

// Copy returns a scope that begins with the keys set in s.
func (s *Scope) Copy() *Scope {
	c := *s
	c.marks = maps.Clone(s.marks)
	return &c
}

// Put reads a value as if it was the value of the key path of s.
func (s *Scope) Put(path string, v Value, n *yaml.Node) {
	Cursor{Scope: s, Path: path, Node: &yaml.Node{}}.read(v, n)
}

// Set reads a value spelled as in the file, as if it was the value of the key path of s.
func (s *Scope) Set(path string, v Value, text string) {
	c := Cursor{Scope: s, Path: path, Node: &yaml.Node{}}
	if n := ParseValue(text); n != nil {
		c.read(v, n)
	} else {
		c.Fail("is not a valid value")
	}
}

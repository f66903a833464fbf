package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// scope is the part of the file that mistakes are attributed to: the file as a
// whole, its defaults, or one item that has them.
type scope struct {
	*report
	files *fileStore
	where string
	// marks tells by dotted path where each key was set. Those of an item
	// begin as a copy of the marks of the defaults.
	marks map[string]mark
}

// newScope returns the scope of a file as a whole.
func newScope(r *report, files *fileStore) *scope {
	return &scope{report: r, files: files, marks: map[string]mark{}}
}

// part returns the scope of a part of the file, which has what was set in the scope
// defaults, unless that is nil.
func (s *scope) part(where string, defaults *scope) *scope {
	p := &scope{report: s.report, files: s.files, where: where}
	if defaults != nil {
		p.marks = maps.Clone(defaults.marks)
	}
	if p.marks == nil {
		p.marks = map[string]mark{}
	}
	return p
}

// flags returns the scope of the flags that set keys of s: what they set is set in s.
func (s *scope) flags() *scope {
	return &scope{report: s.report, files: s.files, where: commandLine, marks: s.marks}
}

type mark struct {
	key   *yaml.Node
	where string
	// bad is set once a mistake was reported at the key.
	bad bool
}

// place says where the key is: "in line 12".
func (m mark) place() string {
	if m.where == commandLine {
		return "a flag too"
	}
	return fmt.Sprintf("in line %d", m.key.Line)
}

func (s *scope) isSet(path string) bool {
	_, ok := s.marks[path]
	return ok
}

// isOwn reports whether path was set in the scope itself, and not in its defaults.
func (s *scope) isOwn(path string) bool { return s.isSet(path) && s.marks[path].where == s.where }

// areTogether reports whether both keys, which are set, were set in the same part of the file.
func (s *scope) areTogether(a, b string) bool { return s.marks[a].where == s.marks[b].where }

// sound reports whether all of the keys were set, and without a mistake.
func (s *scope) sound(paths ...string) bool {
	return !slices.ContainsFunc(paths, func(path string) bool { return !s.isSet(path) || s.marks[path].bad })
}

// line returns the line of a key that is set.
func (s *scope) line(path string) int { return s.marks[path].key.Line }

// conflict reports a mistake of several keys at the first that stands in this scope
// itself or, when all are inherited, at the first of them.
func (s *scope) conflict(msg string, paths ...string) {
	i := slices.IndexFunc(paths, s.isOwn)
	if i < 0 {
		i = slices.IndexFunc(paths, s.isSet)
	}
	blamed := s.marks[paths[i]]
	s.add(blamed.key, blamed.where, paths[i], msg)
}

// forget makes path and all below it unset.
func (s *scope) forget(path string) {
	maps.DeleteFunc(s.marks, func(set string, _ mark) bool {
		return set == path || strings.HasPrefix(set, path+".") || strings.HasPrefix(set, path+"[")
	})
}

// cursor returns the cursor at n, which holds the whole of the scope.
func (s *scope) cursor(n *yaml.Node) cursor { return cursor{scope: s, node: n} }

// set reads a value that is spelled as it would stand behind the key path of s.
func (s *scope) set(path string, v value, text string) {
	c := cursor{scope: s, path: path, node: &yaml.Node{}}
	if n := parseValue(text); n != nil {
		c.read(v, n)
	} else {
		c.fail("is not a valid value")
	}
}

package imports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// commentWidth is the greatest width of a line of comments, in characters.
const commentWidth = 100

// block is a part of a prober.yml: keys or list items in order, each with the comments before it.
type block struct {
	entries []*entry
	// notes stand before the next entry, or at the end.
	notes []string
}

// entry is a key with its value, or an item of a list.
type entry struct {
	notes []string
	key   string // empty for an item
	value string // as in the file; unused if below is not nil
	below *block
	// beside is the comment behind the value.
	beside string
	// off comments the entry out.
	off bool
}

func newBlock() *block { return &block{} }

// note adds a comment before the next key.
func (b *block) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

func (b *block) add(e *entry) *entry {
	e.notes, b.notes = append(b.notes, e.notes...), nil
	b.entries = append(b.entries, e)
	return e
}

// plain adds a key with a value without quotes: a number, a duration, a word.
func (b *block) plain(key, value string) *entry { return b.add(&entry{key: key, value: value}) }

// text adds a key with a text, quoted if necessary.
func (b *block) text(key, value string) { b.plain(key, quote(value)) }

// list adds a key with a list of texts on one line.
func (b *block) list(key string, values ...string) {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quoteInList(v)
	}
	b.plain(key, "["+strings.Join(quoted, ", ")+"]")
}

// plainList adds a key with a list of numbers or words on one line.
func (b *block) plainList(key string, values ...string) {
	b.plain(key, "["+strings.Join(values, ", ")+"]")
}

// section adds a key with a block below it, or returns the existing block. Of a section without entries only the
// comments are written.
func (b *block) section(key string) *block {
	for _, e := range b.entries {
		if e.key == key && e.below != nil && !e.off {
			return e.below
		}
	}
	return b.add(&entry{key: key, below: newBlock()}).below
}

// items adds a key with a list below it.
func (b *block) items(key string) *block { return b.section(key) }

// item adds an item to a list.
func (b *block) item() *block { return b.add(&entry{below: newBlock()}).below }

// off adds a section that is commented out.
func (b *block) off(key string) *block {
	return b.add(&entry{key: key, below: newBlock(), off: true}).below
}

// isEmpty reports whether b has only comments.
func (b *block) isEmpty() bool {
	return !slices.ContainsFunc(b.entries, func(e *entry) bool { return !e.off && (e.below == nil || !e.below.isEmpty()) })
}

// has reports whether b has the key, except as a comment.
func (b *block) has(key string) bool {
	return slices.ContainsFunc(b.entries, func(e *entry) bool { return e.key == key && !e.off && (e.below == nil || !e.below.isEmpty()) })
}

// remove takes a key out of b.
func (b *block) remove(key string) {
	b.entries = slices.DeleteFunc(b.entries, func(e *entry) bool { return e.key == key })
}

func (b *block) bytes() []byte { return []byte(strings.Join(b.lines(), "\n") + "\n") }

// lines returns the lines of b in the file, without indentation.
func (b *block) lines() (all []string) {
	for _, e := range b.entries {
		all = append(all, comments(e.notes)...)
		all = append(all, e.lines()...)
	}
	return append(all, comments(b.notes)...)
}

func (e *entry) lines() (all []string) {
	switch {
	case e.below == nil:
		all = strings.Split(e.key+": "+e.value, "\n")
		if e.beside != "" {
			all[0] += " # " + sentence(e.beside)
		}
	case e.below.isEmpty() && !e.off:
		return e.below.lines()
	case e.key == "":
		all = dashed(e.below.lines())
	default:
		all = append([]string{e.key + ":"}, indented(e.below.lines(), "  ")...)
	}
	if e.off {
		all = indented(all, "# ")
	}
	return all
}

// dashed makes an item of lines. Comments at its top stand before the dash.
func dashed(lines []string) []string {
	first := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "#") })
	return append(lines[:max(first, 0):max(first, 0)], append([]string{"- " + lines[max(first, 0)]}, indented(lines[max(first, 0)+1:], "  ")...)...)
}

func indented(lines []string, by string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		if line != "" || by == "# " {
			line = strings.TrimRight(by+line, " ")
		}
		out[i] = line
	}
	return out
}

// comments breaks each note into lines that begin with #.
func comments(notes []string) (lines []string) {
	for _, note := range notes {
		line := "#"
		for word := range strings.FieldsSeq(sentence(note)) {
			if len(line)+1+len(word) > commentWidth && line != "#" {
				lines, line = append(lines, line), "#"
			}
			line += " " + word
		}
		lines = append(lines, line)
	}
	return lines
}

// sentence returns a comment without the characters that YAML forbids.
func sentence(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !strconv.IsPrint(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// quote returns a text as the value of a key.
func quote(s string) string {
	if literal, ok := literalBlock(s); ok {
		return literal
	}
	return encode(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("k"), scalar(s)}}, "k: ", "")
}

// quoteInList returns a text as an item of a list on one line.
func quoteInList(s string) string {
	return encode(&yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{scalar(s)}}, "[", "]")
}

func scalar(s string) *yaml.Node {
	s = strings.ToValidUTF8(s, "\uFFFD") // YAML has no other bytes; whoever imports bytes says so before
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsFunc(s, func(r rune) bool { return !strconv.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func encode(n *yaml.Node, prefix, suffix string) string {
	text, err := yaml.Marshal(n)
	if err != nil { // it holds only valid UTF-8
		return `""`
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(text)), prefix), suffix)
}

// literalBlock returns s as a literal block of lines, if YAML can hold it unchanged.
func literalBlock(s string) (string, bool) {
	body, ended := strings.CutSuffix(s, "\n")
	if !strings.Contains(body, "\n") || strings.HasSuffix(body, "\n") {
		return "", false
	}
	lines := strings.Split(body, "\n")
	if lines[0] == "" || strings.HasPrefix(lines[0], " ") {
		return "", false
	}
	for i, line := range lines {
		if strings.ContainsFunc(line, func(r rune) bool { return !strconv.IsPrint(r) }) || strings.TrimRight(line, " ") != line {
			return "", false
		}
		if line != "" {
			lines[i] = "  " + line
		}
	}
	mark := "|-"
	if ended {
		mark = "|"
	}
	return mark + "\n" + strings.Join(lines, "\n"), true
}

package form

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Error is one mistake in a configuration file. No part of it holds anything that may be secret.
type Error struct {
	// File is the path as given to Load or Parse. For a mistake on the command line it is empty, and Line is 0.
	File string
	// Line counts from 1.
	Line int
	// Where is `targets[3] "checkout"`, `defaults`, or empty for the rest of the file.
	Where string
	// Path is the key below Where, such as burst.rate or expect.status[1], or the flag. It is empty if the mistake is
	// Where itself or the file as a whole.
	Path string
	Msg  string
}

// Error returns `prober.yml:12: targets[3] "checkout": burst.rate: must be above 0`.
func (e Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		fmt.Fprintf(&b, "%s:%d: ", e.File, e.Line)
	}
	for _, part := range []string{e.Where, e.Path} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	b.WriteString(e.Msg)
	return b.String()
}

// commandLine is the place of keys set by flags.
const commandLine = "command line"

// MaxErrors is how many mistakes of one configuration are kept. A file with more usually has the same mistake in many
// places.
const MaxErrors = 100

// Errors holds the mistakes of one configuration, sorted by file and line; it is never empty. If there are more than
// 100, it holds the first ones found, and ends with an error without a file that says how many more there are.
type Errors []Error

// Error returns one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes one by one, each an [Error].
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// Report collects mistakes. It keeps a mistake once, even if aliases or defaults lead several targets to the same
// place.
type Report struct {
	// File is the path of the file in errors.
	File string
	errs Errors
	// more counts the mistakes beyond the bound.
	more int
	// kept counts the mistakes of all reports on the files of one configuration.
	kept *int
	// seen holds the hashes of all spots: a file can have a million.
	seen map[uint64]struct{}
	seed maphash.Seed
	// words explains unknown keys. It is nil until needed; then newWords makes its vocabulary.
	words    *wording
	newWords func() Vocabulary
	// ignored are keys and items whose mistakes are not reported.
	ignored map[*yaml.Node]bool
}

type spot struct {
	file         string
	line, column int
	path, msg    string
}

// Spot is a key of a file, for reporting a mistake once the whole file is known.
type Spot struct {
	part

	path string
	key  *yaml.Node
}

// In returns "in line 12". It adds the file unless r is about the same file.
func (s Spot) In(r *Report) string {
	in := fmt.Sprintf("in line %d", s.key.Line)
	if s.file != r.File {
		in += " of " + s.file
	}
	return in
}

// NewReport returns an empty report on the file. words returns the vocabulary for unknown keys; it is called at most
// once.
func NewReport(file string, words func() Vocabulary) *Report {
	return &Report{File: file, kept: new(int), seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(), newWords: words}
}

// Beside returns an empty report on another file of the same configuration. Together the reports keep at most as many
// mistakes as one, except for the first mistake of each.
func (r *Report) Beside(file string) *Report {
	return &Report{File: file, kept: r.kept, seen: map[uint64]struct{}{}, seed: r.seed, newWords: r.newWords}
}

// Add reports a mistake at a key.
func (r *Report) Add(s Spot, msg string) { r.addTo(s.part, s.key, s.path, msg) }

func (r *Report) add(at *yaml.Node, where, path, msg string) {
	r.addTo(part{r.File, where}, at, path, msg)
}

// addTo reports a mistake at a node of a part. The part may be in another file, such as defaults.
func (r *Report) addTo(p part, at *yaml.Node, path, msg string) {
	if r.ignored[at] || !r.isNew(spot{p.file, at.Line, at.Column, path, msg}) {
		return
	}
	switch {
	case r.full():
		r.more++
	case p.where == commandLine:
		r.AddError(Error{Path: "--" + path, Msg: msg})
	default:
		r.AddError(Error{File: p.file, Line: max(at.Line, 1), Where: p.where, Path: path, Msg: msg})
	}
}

// Ignore suppresses all mistakes that concern one of these keys and items, alone or together with others.
func (r *Report) Ignore(nodes map[*yaml.Node]bool) { r.ignored = nodes }

// AddError adds a mistake without a node of the file.
func (r *Report) AddError(e Error) {
	r.errs = append(r.errs, e)
	*r.kept++
}

// Take adds the mistakes of another report to r.
func (r *Report) Take(other *Report) {
	for _, e := range other.errs {
		if r.full() {
			r.more++
		} else {
			r.AddError(e)
		}
	}
	r.more += other.more
}

func (r *Report) isNew(s spot) bool {
	hash := maphash.Comparable(r.seed, s)
	_, seen := r.seen[hash]
	r.seen[hash] = struct{}{}
	return !seen
}

// full reports whether further mistakes are only counted: they need no good words.
func (r *Report) full() bool { return *r.kept >= MaxErrors && len(r.errs) > 0 }

// Found returns how many mistakes there are.
func (r *Report) Found() int { return len(r.errs) + r.more }

// Err returns all collected mistakes as [Errors], or nil.
func (r *Report) Err() error { return Join([]*Report{r}) }

// Join returns the mistakes of reports on the files of one configuration as [Errors], or nil: file by file, and by line
// in each.
func Join(reports []*Report) error {
	var all Errors
	more, seen := 0, map[Error]bool{}
	for _, r := range reports {
		more += r.more
		for _, e := range r.sorted() {
			switch {
			case seen[e]: // in defaults that several files share
			case len(all) >= MaxErrors && len(reports) > 1:
				more++
			default:
				seen[e] = true
				all = append(all, e)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	if more > 0 {
		all = append(all, Error{Msg: fmt.Sprintf("and %d more mistakes", more)})
	}
	return all
}

// sorted returns the mistakes by line. Mistakes in other files come after those in its own.
func (r *Report) sorted() []Error {
	elsewhere := func(e Error) int {
		if e.File != "" && e.File != r.File {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(r.errs, func(a, b Error) int {
		return cmp.Or(elsewhere(a)-elsewhere(b), cmp.Compare(a.Line, b.Line))
	})
	return r.errs
}

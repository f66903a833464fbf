package form

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Error is one mistake in a configuration file. No part of it holds what may be secret.
type Error struct {
	// File is the path as it was given to Load or Parse; it is empty, and Line is 0,
	// when the mistake is on the command line.
	File string
	// Line counts from 1.
	Line int
	// Where is `targets[3] "checkout"`, `defaults`, or empty for the rest of the file.
	Where string
	// Path is the key below Where, such as burst.rate or expect.status[1], or the
	// flag; it is empty when the mistake is Where itself or the file as a whole.
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

// commandLine is where the keys that flags set stand.
const commandLine = "command line"

// MaxErrors is how many mistakes of one file are kept. A file with more mostly has one
// mistake in many places.
const MaxErrors = 100

// Errors holds the mistakes of one file, sorted by line; it is never empty. Of more
// than 100 it holds those that were found first, and at the end one without a file
// that says how many more there are.
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

// Report collects mistakes. One that is met several times, because aliases or
// defaults lead several targets to the same place, is kept once.
type Report struct {
	// File is its path, as errors name it.
	File string
	errs Errors
	// more counts the mistakes that were found when there were enough.
	more int
	// seen holds the hashes of all spots: a file can have a million.
	seen map[uint64]struct{}
	seed maphash.Seed
	// words says what an unknown key may mean; it is nil until it is needed, and made by
	// newWords.
	words    *wording
	newWords func() Vocabulary
	// ignored are keys and items of which no mistake is reported.
	ignored map[*yaml.Node]bool
}

type spot struct {
	line, column int
	path, msg    string
}

// NewReport returns an empty report on the file. What words returns, once at most, helps
// to say what an unknown key may mean.
func NewReport(file string, words func() Vocabulary) *Report {
	return &Report{File: file, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(), newWords: words}
}

func (r *Report) add(at *yaml.Node, where, path, msg string) {
	if r.ignored[at] || !r.isNew(spot{at.Line, at.Column, path, msg}) {
		return
	}
	switch {
	case r.full():
		r.more++
	case where == commandLine:
		r.errs = append(r.errs, Error{Path: "--" + path, Msg: msg})
	default:
		r.errs = append(r.errs, Error{File: r.File, Line: max(at.Line, 1), Where: where, Path: path, Msg: msg})
	}
}

// Ignore has no mistake reported that concerns one of these keys and items, alone or together
// with others.
func (r *Report) Ignore(nodes map[*yaml.Node]bool) { r.ignored = nodes }

// AddError notes a mistake that stands at no node of the file.
func (r *Report) AddError(e Error) { r.errs = append(r.errs, e) }

// Take adds the mistakes of another report to r.
func (r *Report) Take(other *Report) {
	room := max(MaxErrors-len(r.errs), 0)
	taken := other.errs[:min(room, len(other.errs))]
	r.errs = append(r.errs, taken...)
	r.more += len(other.errs) - len(taken) + other.more
}

func (r *Report) isNew(s spot) bool {
	hash := maphash.Comparable(r.seed, s)
	_, seen := r.seen[hash]
	r.seen[hash] = struct{}{}
	return !seen
}

// full reports whether further mistakes are only counted, and need no good words.
func (r *Report) full() bool { return len(r.errs) >= MaxErrors }

// Found returns how many mistakes there are.
func (r *Report) Found() int { return len(r.errs) + r.more }

// Err returns all that was collected as [Errors], or nil.
func (r *Report) Err() error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b Error) int { return cmp.Compare(a.Line, b.Line) })
	if r.more > 0 {
		r.errs = append(r.errs, Error{Msg: fmt.Sprintf("and %d more mistakes", r.more)})
	}
	return r.errs
}

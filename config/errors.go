package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Error is one mistake in a configuration file. No part of it holds a header
// value, a body, the userinfo or query of a URL, or the path of a key.
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

// Errors holds all mistakes of one file, sorted by line; it is never empty.
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

// report collects mistakes. One that is met several times, because aliases or
// defaults lead several targets to the same place, is kept once.
type report struct {
	file string
	errs Errors
	seen map[spot]bool
}

type spot struct {
	line, column int
	path, msg    string
}

func newReport(file string) *report {
	return &report{file: file, seen: map[spot]bool{}}
}

func (r *report) add(at *yaml.Node, where, path, msg string) {
	s := spot{at.Line, at.Column, path, msg}
	if r.seen[s] {
		return
	}
	r.seen[s] = true
	if where == commandLine {
		r.errs = append(r.errs, Error{Path: "--" + path, Msg: msg})
		return
	}
	r.errs = append(r.errs, Error{File: r.file, Line: max(at.Line, 1), Where: where, Path: path, Msg: msg})
}

// err returns all that was collected as [Errors], or nil.
func (r *report) err() error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b Error) int { return cmp.Compare(a.Line, b.Line) })
	return r.errs
}

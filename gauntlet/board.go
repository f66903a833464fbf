package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// gate is one condition, in the words of the scoreboard.
type gate string

// board counts how often each gate was checked and how often it failed. It is safe for concurrent use.
type board struct {
	mu    sync.Mutex
	rows  map[gate]*row
	facts []string
}

// row is the result of a gate.
type row struct {
	checks, failures int
	notes            []string // on the first failures
}

// notesAtMost bounds the notes about one gate.
const notesAtMost = 40

func newBoard() *board { return &board{rows: make(map[gate]*row)} }

// hold notes whether a gate is true this time. format and args describe a failure.
func (b *board) hold(g gate, ok bool, format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rows[g]
	if r == nil {
		r = &row{}
		b.rows[g] = r
	}
	r.checks++
	if ok {
		return
	}
	if len(r.notes) < notesAtMost {
		r.notes = append(r.notes, fmt.Sprintf(format, args...))
	}
	r.failures++
}

// fact notes a figure for the end of the scoreboard. No gate judges it.
func (b *board) fact(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.facts = append(b.facts, fmt.Sprintf(format, args...))
}

// failed returns the red gates of g: gates that failed, and gates that nothing checked.
func (b *board) failed(g []gate) (red []gate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range g {
		if r := b.rows[name]; r == nil || r.failures > 0 {
			red = append(red, name)
		}
	}
	return red
}

// known returns the gates with at least one check.
func (b *board) known() []gate {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Collect(maps.Keys(b.rows))
}

// failures returns how often each gate has failed so far.
func (b *board) failures() map[gate]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := map[gate]int{}
	for name, r := range b.rows {
		all[name] = r.failures
	}
	return all
}

// since returns the gates that have failed again since before was taken, and the notes about these failures.
func (b *board) since(before map[gate]int) (red []gate, notes []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name, r := range b.rows {
		if r.failures > before[name] {
			red = append(red, name)
			notes = append(notes, r.notes[min(before[name], len(r.notes)):]...)
		}
	}
	slices.Sort(red)
	return red, notes
}

// redHead returns the heading of the notes on a red gate.
func redHead(name gate) string { return fmt.Sprintf("\nRED %s:\n", name) }

// write writes a line for each gate of g, with the first failures below it.
func (b *board) write(w io.Writer, g []gate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, name := range g {
		r, verdict := b.rows[name], "green"
		switch {
		case r == nil:
			r, verdict = &row{}, "RED, never looked at"
		case r.failures > 0:
			verdict = fmt.Sprintf("RED, %d times", r.failures)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\n", name, r.checks, verdict)
	}
	table.Flush()
	for _, name := range g {
		if r := b.rows[name]; r != nil && r.failures > 0 {
			fmt.Fprintf(w, "%s  %s\n", redHead(name), strings.Join(r.notes, "\n  "))
		}
	}
	for _, fact := range b.facts {
		fmt.Fprintln(w, fact)
	}
}

package web

import (
	"maps"
	"slices"
	"unicode/utf8"
)

// The labels in a row of the overview: how many, and the length of one and of all, in characters.
const (
	mostChips     = 4
	longestChip   = 32
	chipsTogether = 72
)

// chip is a label of a target.
type chip struct {
	// Text is its name and value. It may be cut.
	Text string
	// Link leads to all targets with this label. It is empty if no search finds them.
	Link string
}

// rowChips returns the first labels of a target by name, as many as fit in a row, and the number of labels left out.
// The label of the grouping is in the heading, so the row skips it.
func rowChips(labels map[string]string, group string) (chips []chip, more int) {
	room := chipsTogether
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name == group {
			continue
		}
		c := chipOf(name, labels[name], group, longestChip)
		room -= utf8.RuneCountInString(c.Text)
		if room < 0 || len(chips) == mostChips {
			more++
			continue
		}
		chips = append(chips, c)
	}
	return chips, more
}

// allChips returns all labels of a target by name.
func allChips(labels map[string]string) []chip {
	const longest = 200
	chips := make([]chip, 0, len(labels))
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		chips = append(chips, chipOf(name, labels[name], "", longest))
	}
	return chips
}

// chipOf returns a label, cut to the longest number of characters. Its link keeps the grouping of the page.
func chipOf(name, value, group string, longest int) chip {
	c := chip{Text: shortened(name+"="+value, longest)}
	if t := labelTerm(name, value); t != "" {
		c.Link = filter{Text: t, Group: group}.link()
	}
	return c
}

// shortened cuts text to a number of characters. A cut text ends with an ellipsis.
func shortened(text string, characters int) string {
	n := 0
	for i := range text {
		if n == characters-1 && utf8.RuneCountInString(text[i:]) > 1 {
			return text[:i] + "…"
		}
		n++
	}
	return text
}

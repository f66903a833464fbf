package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"example.com/prober/errcode"
)

// everyGroup as the value of the parameter open unfolds all groups.
const everyGroup = "*"

// filter chooses the targets to show: by a search, by their state, and by the range of their commonest failure. An
// empty field means any.
type filter struct {
	Text, State, Range string
	// Group is the label to group targets by; "" groups them by state.
	Group string
	// Open is everyGroup or the key of a group. The page unfolds this group although its targets are well.
	Open string
}

// readFilter reads the parameters of the page of all targets.
func readFilter(q url.Values) filter {
	return filter{
		Text:  cut(q.Get("q")),
		State: known(q.Get("state"), isState),
		Range: known(q.Get("range"), isRange),
		Group: known(cut(q.Get("group")), searchedLabel.MatchString),
		Open:  cut(q.Get("open")),
	}
}

// cut limits the length of a client's text that a page repeats, in bytes. Such a text is in keys of the
// cache too.
func cut(text string) string {
	const longest = 256
	text = strings.ToValidUTF8(text, "")
	if len(text) <= longest {
		return text
	}
	end := longest
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// known returns value if the program knows it, else "". So there are no more pages to keep than there are
// choices.
func known(value string, is func(string) bool) string {
	if !is(value) {
		return ""
	}
	return value
}

func isState(name string) bool {
	for s := range state(numStates) {
		if s.String() == name {
			return true
		}
	}
	return false
}

func pageNumber(q url.Values) int {
	n, err := strconv.Atoi(q.Get("page"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1_000_000)
}

// query returns the parameters for a page of the targets of f.
func (f filter) query(page int) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "state": f.State, "range": f.Range, "group": f.Group, "open": f.Open} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if page > 1 {
		q.Set("page", strconv.Itoa(page))
	}
	return q
}

// link returns the query for the first page of the targets of f.
func (f filter) link() string { return "?" + f.query(1).Encode() }

// Hides reports whether f may hide targets.
func (f filter) Hides() bool { return f.Text != "" || f.State != "" || f.Range != "" }

// choose returns the rows that f lets through, in their order.
func (f filter) choose(rows []row) []row {
	s := parseSearch(f.Text)
	chosen := make([]row, 0, len(rows))
	for i := range rows {
		if f.hasState(&rows[i]) && s.matches(&rows[i]) {
			chosen = append(chosen, rows[i])
		}
	}
	return slices.Clip(chosen)
}

func (f filter) hasState(r *row) bool {
	return (f.State == "" || f.State == r.State.String()) &&
		(f.Range == "" || r.State == failing && errcode.Range(f.Range) == r.Worst.Code.Range())
}

// words describes f as in ` match “shop”, are in the state “failing”`. It returns "" if f lets all targets through.
func (f filter) words() string {
	var all []string
	if f.Text != "" {
		all = append(all, "match “"+f.Text+"”")
	}
	if f.State != "" {
		all = append(all, "are in the state “"+stateNamed(f.State).Words()+"”")
	}
	if f.Range != "" {
		all = append(all, "fail with codes of the range “"+rangeName(errcode.Range(f.Range))+"”")
	}
	return strings.Join(all, " and ")
}

// stateNamed returns a state by its name. isState must know the name.
func stateNamed(name string) state {
	for s := range state(numStates) {
		if s.String() == name {
			return s
		}
	}
	return ok
}

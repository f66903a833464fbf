package web

import (
	"regexp"
	"slices"
	"strings"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// search finds the targets for which all of its terms hold.
type search []term

// term is one condition of a search: a word, a label, or error codes.
type term struct {
	// not turns the condition round.
	not bool
	// label is the name of a label for a condition on its value. If a target does not have the label, its value is empty.
	// label is "" for a word and for codes.
	label string
	// value is the wanted value of the label or, in lower case, a word. The word must be part of a name, a URL or a label.
	value string
	// codes are the wanted codes: a target must have one of them now. It is nil for words and labels.
	codes map[errcode.Code]bool
}

// codeKeys are the words before = for error codes. No label of a target can be named error_code.
func codeKeys() []string { return []string{"code", "error_code"} }

var searchedLabel = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// parseSearch reads terms separated by spaces. In double quotes a space is part of a term.
func parseSearch(text string) search {
	var s search
	for _, word := range splitSearch(text) {
		s = append(s, parseTerm(word))
	}
	return s
}

func splitSearch(text string) []string {
	isQuoted := false
	words := strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			isQuoted = !isQuoted
		}
		return r == ' ' && !isQuoted
	})
	for i, word := range words {
		words[i] = strings.ReplaceAll(word, `"`, "")
	}
	return slices.DeleteFunc(words, func(word string) bool { return word == "" })
}

func parseTerm(word string) term {
	key, value, isPair := strings.Cut(word, "=")
	name, isNot := strings.CutSuffix(key, "!")
	switch {
	case !isPair || !searchedLabel.MatchString(name):
		return term{value: strings.ToLower(word)}
	case slices.Contains(codeKeys(), name):
		return term{not: isNot, value: value, codes: codesLike(value)}
	default:
		return term{not: isNot, label: name, value: value}
	}
}

// codesLike returns the codes for a pattern. The pattern is the beginning of a number, with a dot or an x for any
// digit, or a whole name or range. The result is never nil. Nil would make the term a word.
func codesLike(pattern string) map[errcode.Code]bool {
	found := map[errcode.Code]bool{}
	for code := range errcode.All() {
		if code.Name() == pattern || code.Range().String() == pattern || isLike(code.String(), pattern) {
			found[code] = true
		}
	}
	return found
}

func isLike(number, pattern string) bool {
	if pattern == "" || len(pattern) > len(number) {
		return false
	}
	for i := range len(pattern) {
		if c := pattern[i]; c != '.' && c != 'x' && c != number[i] {
			return false
		}
	}
	return true
}

// searched is a target that a search looks at.
type searched interface {
	// hasAnyOf reports whether it had a request with one of the codes.
	hasAnyOf(codes map[errcode.Code]bool) bool
	// labelled returns the value of a label, or "" without the label.
	labelled(name string) string
	// mentions reports whether its names contain word. word is in lower case.
	mentions(word string) bool
}

// matches reports whether all terms hold for what.
func (s search) matches(what searched) bool {
	return !slices.ContainsFunc(s, func(t term) bool { return !t.matches(what) })
}

func (t *term) matches(what searched) bool {
	var holds bool
	switch {
	case t.codes != nil:
		holds = what.hasAnyOf(t.codes)
	case t.label != "":
		holds = what.labelled(t.label) == t.value
	default:
		holds = what.mentions(t.value)
	}
	return holds != t.not
}

func (r *row) hasAnyOf(codes map[errcode.Code]bool) bool {
	return slices.ContainsFunc(r.Trouble, func(k numbers.FailureKind) bool { return codes[k.Code] })
}

func (r *row) labelled(name string) string { return r.Labels[name] }

// mentions looks at the name, the URL and the labels.
func (r *row) mentions(word string) bool {
	if strings.Contains(strings.ToLower(r.Name), word) || strings.Contains(strings.ToLower(r.URL), word) {
		return true
	}
	for name, value := range r.Labels {
		if strings.Contains(strings.ToLower(name+"="+value), word) {
			return true
		}
	}
	return false
}

// advice says what may be wrong with a search without results: unknown codes, and labels that no target has.
func (s search) advice(labels []string) []string {
	var all []string
	for _, t := range s {
		switch {
		case t.codes != nil && len(t.codes) == 0:
			all = append(all, "No error code is like “"+t.value+"”. Write code=1312, code=13.. for all of TLS, or code=cert_expired.")
		case t.label != "" && !slices.Contains(labels, t.label):
			all = append(all, "No target has a label named “"+t.label+"”.")
		}
	}
	return all
}

// labelTerm returns the search term for a value of a label. It returns "" if no term can find it, because the value has
// a double quote or is too long for a search.
func labelTerm(name, value string) string {
	const longest = 160
	if len(name)+len(value) > longest || strings.Contains(value, `"`) {
		return ""
	}
	if strings.Contains(value, " ") {
		value = `"` + value + `"`
	}
	return name + "=" + value
}

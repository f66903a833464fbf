package imports

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// text is a value of the configuration with names of data in it.
type text []part

// part is a literal, or else the name of a datum.
type part struct{ literal, name string }

func literal(s string) text { return text{{literal: s}} }

// named returns the text for the value of a datum.
func named(name string) text { return text{{name: name}} }

// isLiteral reports whether t contains no names.
func (t text) isLiteral() bool {
	for _, p := range t {
		if p.name != "" {
			return false
		}
	}
	return true
}

// write returns t for the configuration. A literal {{ needs an escape only in a target with templates.
func (t text) write(templates bool) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.name != "":
			b.WriteString("{{ " + p.name + " }}")
		case templates:
			b.WriteString(strings.ReplaceAll(p.literal, "{{", `{{ "{{" }}`))
		default:
			b.WriteString(p.literal)
		}
	}
	return b.String()
}

// names are the taken names.
type names map[string]bool

// unique returns name, or name with a number behind it, and takes it.
func (n names) unique(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = name + "-" + strconv.Itoa(i)
	}
	n[free] = true
	return free
}

var (
	notInName     = regexp.MustCompile(`[^a-zA-Z0-9_.:/-]+`)
	notInRequest  = regexp.MustCompile(`[^a-zA-Z0-9_.]+`)
	notInVariable = regexp.MustCompile(`[^a-zA-Z0-9_]+`)
)

const maxNameLength = 100 // leaves room for a number behind it

// targetName makes the name of a target of s.
func targetName(s string) string {
	return orElse(strings.Trim(shorten(notInName.ReplaceAllString(s, "-")), "-/"), "target")
}

// requestName makes the name of a request of words such as a method and a path.
func requestName(words ...string) string {
	name := notInRequest.ReplaceAllString(strings.Join(words, "-"), "-")
	return orElse(strings.Trim(shorten(name), "-"), "request")
}

// nameOf makes the name of a request of its method and its path.
func nameOf(method, path string) string {
	return requestName(strings.ToLower(method), orElse(strings.Trim(path, "/"), "root"))
}

// maxVariable leaves room for a number behind the name of a datum.
const maxVariable = 56

// variableName makes the name of a datum of s.
func variableName(s string) string {
	name := strings.Trim(notInVariable.ReplaceAllString(s, "_"), "_")
	name = name[:min(len(name), maxVariable)]
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "v_" + name
	}
	return strings.TrimRight(name, "_")
}

func shorten(s string) string { return s[:min(len(s), maxNameLength)] }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// datum is one name of the data of a target.
type datum struct {
	name   string
	notes  []string
	secret bool
	// isNumber is for a secret in JSON without quotes.
	isNumber bool
	// value is the value of a secret. Any other datum has keys.
	value string
	keys  []setting
}

// setting is a key with its value.
type setting struct{ key, value string }

// line returns the keys as a mapping on one line.
func (d *datum) line() string {
	parts := make([]string, len(d.keys))
	for i, s := range d.keys {
		parts[i] = s.key + ": " + s.value
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// data are the names of a target, in order.
type data struct {
	all    []*datum
	byName map[string]*datum
	// captured are the names whose values come from answers.
	captured names
}

// reserve returns a free name for a captured value.
func (d *data) reserve(base string) string {
	name := base
	for i := 2; d.captured[name] || d.find(name) != nil; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	if d.captured == nil {
		d.captured = names{}
	}
	d.captured[name] = true
	return name
}

// add returns the name for d: the name of an equal datum, or a new one.
func (d *data) add(wanted *datum) string {
	base := wanted.name
	for i := 1; ; i++ {
		if i > 1 {
			wanted.name = fmt.Sprintf("%s_%d", base, i)
		}
		found := d.find(wanted.name)
		if d.captured[wanted.name] {
			continue
		}
		if found == nil {
			d.put(wanted)
			return wanted.name
		}
		if found.secret == wanted.secret && found.isNumber == wanted.isNumber && found.value == wanted.value && found.line() == wanted.line() {
			return found.name
		}
	}
}

func (d *data) find(name string) *datum { return d.byName[name] }

func (d *data) put(one *datum) {
	if d.byName == nil {
		d.byName = map[string]*datum{}
	}
	d.byName[one.name] = one
	d.all = append(d.all, one)
}

// maxData is the most names of a target, except a few.
const maxData = 990

// hide returns the text for a secret, which becomes a datum. Its name is made of label.
func (d *data) hide(label, value string) text {
	if len(d.all) >= maxData { // there is no room for more
		return named(d.add(&datum{name: "further_secrets", secret: true, value: placeholder, notes: []string{"There is no room for more names: this one stands for all further secrets."}}))
	}
	return named(d.add(&datum{name: variableName(label), secret: true, value: value}))
}

// values returns the key for the values of a datum.
func values(all ...string) setting {
	quoted := make([]string, len(all))
	for i, v := range all {
		quoted[i] = quoteInList(v)
	}
	return setting{"values", "[" + strings.Join(quoted, ", ") + "]"}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

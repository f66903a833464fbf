package template

import "strings"

// maxLabel bounds the name of a label, in bytes: those of discoveries are made of the names
// of annotations.
const maxLabel = 512

// Replace returns text with labels in the place of their names. Where value returns false,
// the name stays for the template that the text becomes. If it becomes one at all, isLater is
// set, and quoted text within {{ }} stays quoted. Replace reports whether there was a label.
func Replace(text string, isLater bool, value func(label string) (string, bool)) (replaced string, found bool, err error) {
	if !strings.Contains(text, opening) {
		return text, false, nil
	}
	parts, err := splitNames(text, maxLabel)
	if err != nil {
		return "", false, err
	}
	var b strings.Builder
	for _, p := range parts {
		inner := p.text
		switch {
		case p.isName:
			v, ok := value(p.text)
			if ok {
				found = true
				b.WriteString(v)
				continue
			}
		case p.isQuoted && isLater:
			inner = `"` + p.text + `"`
		default:
			b.WriteString(p.text)
			continue
		}
		b.WriteString(opening + " " + inner + " " + closing)
	}
	return b.String(), found, nil
}

package template

import "strings"

// maxLabel bounds the name of a label, in bytes. Labels of discoveries are long: their names
// contain names of annotations.
const maxLabel = 512

// Replace returns text with labels in the place of their names. If value returns false, the
// name stays for a later template. isLater means that the text becomes a template later: then
// quoted text within {{ }} stays quoted. found reports whether there was a label.
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

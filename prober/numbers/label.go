package numbers

import (
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// label is the name and the value of a label. Many series share it: the first series in
// each format encodes it. It is not safe for concurrent use.
type label struct {
	name, value string

	// These three are made when first needed, and are then only read.
	line     []byte // name="value"
	encoded  []byte // a field of Metric, or of Exemplar
	exported *dto.LabelPair
}

func pair(name, value string) *label { return &label{name: name, value: value} }

// escapedValue escapes the characters that must not be in a quoted value.
var escapedValue = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// text returns the label as the text formats write it.
func (l *label) text() []byte {
	if l.line == nil {
		value := l.value
		if strings.ContainsAny(value, "\\\n\"") {
			value = escapedValue.Replace(value)
		}
		l.line = []byte(l.name + `="` + value + `"`)
	}
	return l.line
}

// message returns the label as a message of client_model.
func (l *label) message() *dto.LabelPair {
	if l.exported == nil {
		l.exported = &dto.LabelPair{Name: &l.name, Value: &l.value}
	}
	return l.exported
}

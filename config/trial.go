package config

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/protoset"
	"example.com/prober/template"
)

// messageTrial encodes a message with values. All names but one keep values that fit, so a failure is that of the one
// value.
type messageTrial struct {
	method  *protoset.Method
	message *template.Template
	data    []option.Data
	names   []int    // the numbers of the names in the message
	values  [][]byte // of all names: with these the message can be encoded
}

// substitutes are values to try: most fields accept one of them.
var substitutes = [...]string{"1", "true", "", "{}", "[]"}

// begin finds values with which the message can be encoded. If there are none, the mistake is in the message itself, or
// in more than one value.
func (c *messageTrial) begin() error {
	for _, n := range c.names {
		c.values[n] = []byte(samplesOf(&c.data[n])[0])
	}
	first := c.try()
	if first == nil {
		return nil
	}
	for _, n := range c.names {
		kept := c.values[n]
		for _, value := range c.others(n) {
			if c.values[n] = []byte(value); c.try() == nil {
				return nil
			}
		}
		c.values[n] = kept
	}
	for _, value := range substitutes {
		for _, n := range c.names {
			c.values[n] = []byte(value)
		}
		if c.try() == nil {
			return nil
		}
	}
	return first
}

// others returns alternatives to the first value of a name.
func (c *messageTrial) others(n int) []string {
	const few = 10
	all := substitutes[:]
	for row := range min(few, c.data[n].Values.Len()) {
		all = append(all, string(c.data[n].Values.At(row)))
	}
	return all
}

func (c *messageTrial) try() error {
	var v template.Values
	for _, n := range c.names {
		v.Set(n, c.values[n])
	}
	_, err := c.method.EncodeRendered(c.message, &v)
	return err
}

// tryWith encodes the message with another value of one name. It ignores a value that does not fit into the text:
// checkValues has reported it.
func (c *messageTrial) tryWith(n int, value []byte) error {
	if string(value) == form.Redaction || c.message.Check(n, value) != nil {
		return nil
	}
	kept := c.values[n]
	defer func() { c.values[n] = kept }()
	c.values[n] = value
	if err := c.try(); err != nil {
		return fmt.Errorf("the value of {{ %s }} does not fit: %w", c.data[n].Name, err)
	}
	return nil
}

// takesAny reports whether the message can be encoded with any text for a name.
func (c *messageTrial) takesAny(n int) bool {
	for _, odd := range []string{"", "\x01\xff{no number"} {
		if c.message.Check(n, []byte(odd)) != nil || c.tryWith(n, []byte(odd)) != nil {
			return false
		}
	}
	return true
}

// samplesOf returns a value of d. For numbers it returns the first and the last.
func samplesOf(d *option.Data) []string {
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	switch {
	case d.Values.Len() > 0:
		return []string{string(d.Values.At(0))}
	case d.IsRange, d.Generate == option.GenerateInt:
		return []string{number(d.From), number(d.To)}
	case d.Generate == option.GenerateSequence:
		return []string{number(d.From)}
	case d.Format == option.TimeUnix:
		return []string{"1700000000"}
	case d.Format == option.TimeUnixMillis:
		return []string{"1700000000000"}
	case d.Generate == "":
		return nil
	}
	return []string{sampleOf(d)}
}

// decisive yields rows of values in their order. If these fit, all values fit. Among whole numbers with the same count
// of digits, the least and the greatest are enough, because a field accepts whole ranges of numbers. A file may have a
// million rows.
func decisive(values *option.Texts) iter.Seq[int] {
	// It bounds the memory for values already tried. Beyond it, equal values are tried again.
	const mostKnown = 10_000
	bounds, known := map[int][2]int{}, map[string]bool{}
	var rows []int
	for row := range values.Len() {
		value := values.At(row)
		if !isWholeNumber(value) {
			if !known[string(value)] {
				rows = append(rows, row)
			}
			if len(known) < mostKnown {
				known[string(value)] = true
			}
			continue
		}
		class := len(value)
		if value[0] == '-' {
			class = -class
		}
		b, ok := bounds[class]
		switch {
		case !ok:
			b = [2]int{row, row}
		case bytes.Compare(value, values.At(b[0])) < 0:
			b[0] = row
		case bytes.Compare(value, values.At(b[1])) > 0:
			b[1] = row
		}
		bounds[class] = b
	}
	for _, b := range bounds {
		rows = append(rows, b[0], b[1])
	}
	slices.Sort(rows)
	return slices.Values(slices.Compact(rows))
}

// isWholeNumber reports whether value is a whole number without leading zeros.
func isWholeNumber(value []byte) bool {
	digits := bytes.TrimPrefix(value, []byte("-"))
	if len(digits) == 0 || digits[0] == '0' && len(value) > 1 {
		return false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

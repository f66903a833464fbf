package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/protoset"
	"example.com/prober/template"
)

const messageKey = "grpc.message"

// escapedLiteral is {{ "{{" }} as JSON has it within a string.
var escapedLiteral = regexp.MustCompile(`\{\{[ \t]*\\"([^"\\]*)\\"[ \t]*\}\}`)

// Text returns the message that stands in the file itself, in JSON with names in it: the text
// of a template.
func (g *GRPC) Text() string {
	return escapedLiteral.ReplaceAllString(string(g.Inline), `{{ "$1" }}`)
}

// hasTemplates reports whether {{ }} stands for something in the target t, or in the one item
// of a target that t is.
func (s checks) hasTemplates(t *Target) bool {
	return len(t.Data) > 0 || s.IsSet(mixKey) || s.IsSet(journeyKey)
}

// checkInline wants a message in the file to be an object, and finds metadata that are no
// base64 and no templates either.
func (s checks) checkInline(t *Target) {
	for _, h := range t.GRPC.Metadata {
		if isBinary(h.Name) && slices.ContainsFunc(h.Values, func(v string) bool { return !s.varies(t, v) && v != form.Redaction && !isBase64(v) }) {
			s.Conflict(errNoBase64.Error(), "grpc.metadata."+h.Name, "grpc.metadata")
		}
	}
	if len(t.GRPC.Inline) == 0 || !s.Sound(messageKey) {
		return
	}
	text := t.GRPC.Text()
	_, mistake := template.NamesIn(text)
	switch isVarying := s.varies(t, text); {
	case isVarying && mistake == nil && !isObjectWithNames(text):
		s.Conflict("must be a JSON object when the names in it have been replaced", messageKey)
	case !isVarying && !isJSONObject(s.fixedMessage(t)):
		s.Conflict(errNoMessage.Error(), messageKey)
	}
}

// isObjectWithNames reports whether text may be a JSON object when the names in it have been
// replaced. It may be one name alone.
func isObjectWithNames(text string) bool {
	return strings.HasPrefix(strings.TrimSpace(text), "{") && template.IsJSON(text)
}

// varies reports whether a text of t is a template with names in it. One with a mistake is left
// to whoever compiles it.
func (s checks) varies(t *Target, text string) bool {
	if !s.hasTemplates(t) || !strings.Contains(text, "{{") {
		return false
	}
	names, err := template.NamesIn(text)
	return err != nil || len(names) > 0
}

// fixedMessage returns the message in the file, in which no names stand.
func (s checks) fixedMessage(t *Target) []byte {
	if !s.hasTemplates(t) {
		return t.GRPC.Inline
	}
	compiled, err := template.Parse(t.GRPC.Text(), template.JSON, func(string) (int, bool) { return 0, false })
	if err != nil { // which it is not without names
		return nil
	}
	return []byte(compiled.Text())
}

// checkMessage finds values with which a message cannot be encoded. It says nothing if the types
// of the method are not known.
func (s checks) checkMessage(t *Target, message *template.Template) {
	g := t.GRPC
	if !s.Sound(messageKey) || !isObjectWithNames(g.Text()) {
		return
	}
	fill(&g.Service, protoset.HealthService)
	fill(&g.Method, protoset.HealthCheck)
	method, err := s.findMethod(&g)
	if err != nil || message.IsFixed() {
		return
	}
	c := messageTrial{method: method, message: message, data: t.Data, values: make([][]byte, len(t.Data))}
	for _, n := range message.Names() {
		if n >= len(t.Data) || len(samplesOf(&t.Data[n])) == 0 {
			return // nothing is known of its values
		}
		if !slices.Contains(c.names, n) {
			c.names = append(c.names, n)
		}
	}
	if err := c.begin(); err != nil {
		s.Conflict(err.Error(), messageKey)
		return
	}
	for _, n := range c.names {
		s.tryValues(&c, n)
	}
}

// tryValues encodes the message with each value of a name.
func (s checks) tryValues(c *messageTrial, n int) {
	d := &c.data[n]
	if c.takesAny(n) {
		return
	}
	for row := range d.Values.Len() {
		if err := c.tryWith(n, d.Values.At(row)); err != nil {
			s.Conflict(placeOf(s.Files, d, row)+err.Error(), messageKey)
			return
		}
	}
	if d.Values.Len() > 0 {
		return
	}
	for _, sample := range samplesOf(d) {
		if err := c.tryWith(n, []byte(sample)); err != nil {
			s.Conflict(err.Error(), messageKey)
			return
		}
	}
}

// messageTrial encodes a message with values.
type messageTrial struct {
	method  *protoset.Method
	message *template.Template
	data    []option.Data
	names   []int    // the numbers of those in the message
	values  [][]byte // of all names, with which the message can be encoded
}

// substitutes are values one of which most fields take.
var substitutes = [...]string{"1", "true", "", "{}", "[]"}

// begin finds values with which the message can be encoded. Without any the mistake is in the
// message itself, or in more than one value.
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

// others returns values to take instead of the first one of a name.
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

// tryWith encodes the message with another value of one name. A value that cannot be put in at
// all is no news: checkValues has reported it.
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

// takesAny reports whether the message can be encoded whatever text a name stands for.
func (c *messageTrial) takesAny(n int) bool {
	for _, odd := range []string{"", "\x01\xff{no number"} {
		if c.message.Check(n, []byte(odd)) != nil || c.tryWith(n, []byte(odd)) != nil {
			return false
		}
	}
	return true
}

// samplesOf returns a value of d or, of numbers, the first and the last one.
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

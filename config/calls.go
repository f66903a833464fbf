package config

import (
	"regexp"
	"slices"
	"strings"

	"example.com/prober/config/form"
	"example.com/prober/protoset"
	"example.com/prober/template"
)

const messageKey = "grpc.message"

// escapedLiteral matches {{ "{{" }} as JSON escapes it within a string.
var escapedLiteral = regexp.MustCompile(`\{\{[ \t]*\\"([^"\\]*)\\"[ \t]*\}\}`)

// Text returns the message written in the file itself, in JSON with names in it: the text of a template.
func (g *GRPC) Text() string {
	return escapedLiteral.ReplaceAllString(string(g.Inline), `{{ "$1" }}`)
}

// hasTemplates reports whether the program replaces {{ }} in the target t. t may also be one item of a target.
func (s checks) hasTemplates(t *Target) bool {
	return len(t.Data) > 0 || s.IsSet(mixKey) || s.IsSet(journeyKey)
}

// checkInline requires a message in the file to be an object. It also finds binary metadata that are neither base64 nor
// a template.
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

// isObjectWithNames reports whether text may become a JSON object once its names are replaced. It may be one name
// alone.
func isObjectWithNames(text string) bool {
	text = strings.TrimSpace(text)
	return template.IsOneName(text) || strings.HasPrefix(text, "{") && template.IsJSON(text)
}

// varies reports whether a text of t is a template with names in it. It also returns true for a template with a
// mistake: the code that compiles it reports the mistake.
func (s checks) varies(t *Target, text string) bool {
	if !s.hasTemplates(t) || !strings.Contains(text, "{{") {
		return false
	}
	names, err := template.NamesIn(text)
	return err != nil || len(names) > 0
}

// fixedMessage returns the message in the file. The message must contain no names.
func (s checks) fixedMessage(t *Target) []byte {
	if !s.hasTemplates(t) {
		return t.GRPC.Inline
	}
	compiled, err := template.Parse(t.GRPC.Text(), template.JSON, func(string) (int, bool) { return 0, false })
	if err != nil { // impossible without names
		return nil
	}
	return []byte(compiled.Text())
}

// checkMessage finds values that keep a message from being encoded. It says nothing if the types of the method are
// unknown.
func (s checks) checkMessage(t *Target, message *template.Template) {
	g := t.GRPC
	if !s.Sound(messageKey) || !isObjectWithNames(g.Text()) {
		return
	}
	// The checks run before the defaults are filled in.
	fill(&g.Service, protoset.HealthService)
	fill(&g.Method, protoset.HealthCheck)
	method, err := s.findMethod(&g)
	if err != nil || message.IsFixed() {
		return
	}
	c := messageTrial{method: method, message: message, data: t.Data, values: make([][]byte, len(t.Data))}
	for _, n := range message.Names() {
		if n >= len(t.Data) || len(samplesOf(&t.Data[n])) == 0 {
			return // its values are unknown
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

// tryValues encodes the message with the values of a name.
func (s checks) tryValues(c *messageTrial, n int) {
	d := &c.data[n]
	if c.takesAny(n) {
		return
	}
	// A value that cannot be encoded would make its request fail, perhaps hours later.
	for row := range decisive(&d.Values) {
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

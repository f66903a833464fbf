package message

// Bounds of the header of every response.
const (
	MaxHeaderBytes   = 64 << 10
	MaxInformational = 32
)

// Field is one line of a request header.
type Field struct{ Name, Value string }

// FieldSet is a selection of header fields.
type FieldSet struct {
	text   []byte
	Fields []KeptField
}

// KeptField is one field line: its name in lower case, and the bounds of its value in the
// text.
type KeptField struct {
	Name       string
	start, end int
}

// Reset empties the set and keeps its space.
func (s *FieldSet) Reset() { s.text, s.Fields = s.text[:0], s.Fields[:0] }

// Add keeps a field if its name is wanted. A header has at most 64 KiB.
func (s *FieldSet) Add(wanted []string, name, value []byte) {
	for _, w := range wanted {
		if len(w) == len(name) && EqualFold(name, w) {
			start := len(s.text)
			s.text = append(s.text, value...)
			s.Fields = append(s.Fields, KeptField{w, start, len(s.text)})
			return
		}
	}
}

// CopyFrom makes s a copy of from, in space of its own.
func (s *FieldSet) CopyFrom(from *FieldSet) {
	s.text = append(s.text[:0], from.text...)
	s.Fields = append(s.Fields[:0], from.Fields...)
}

// Value returns the value of a field of s. It is valid until s changes.
func (s *FieldSet) Value(f KeptField) []byte { return s.text[f.start:f.end] }

// Has reports whether s has a field of that name. name is in lower case.
func (s *FieldSet) Has(name string) bool {
	for _, f := range s.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// IsRedirect reports whether a status asks for the request to be sent elsewhere
// (RFC 9110, section 15.4). The others of its class offer a choice or a cache.
func IsRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// Fields returns the fields with the given names and values, in turn.
func Fields(namesAndValues ...string) []Field {
	fields := make([]Field, 0, len(namesAndValues)/2)
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		fields = append(fields, Field{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return fields
}

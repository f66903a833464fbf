package transport

// Bounds that hold for the header of every response.
const (
	maxHeaderBytes   = 64 << 10
	maxInformational = 32
)

// HeaderField is one line of a request header.
type HeaderField struct{ Name, Value string }

// fieldSet is a selection of header fields.
type fieldSet struct {
	text   []byte
	fields []keptField
}

// keptField is one field line: its name in lower case, and where in the text its
// value stands.
type keptField struct {
	name       string
	start, end int
}

func (s *fieldSet) reset() { s.text, s.fields = s.text[:0], s.fields[:0] }

// add keeps a field if its name is wanted. A header has at most 64 KiB.
func (s *fieldSet) add(wanted []string, name, value []byte) {
	for _, w := range wanted {
		if len(w) == len(name) && equalFold(name, w) {
			start := len(s.text)
			s.text = append(s.text, value...)
			s.fields = append(s.fields, keptField{w, start, len(s.text)})
			return
		}
	}
}

func (s *fieldSet) copyFrom(from *fieldSet) {
	s.text = append(s.text[:0], from.text...)
	s.fields = append(s.fields[:0], from.fields...)
}

func (s *fieldSet) value(f keptField) []byte { return s.text[f.start:f.end] }

func (s *fieldSet) has(name string) bool {
	for _, f := range s.fields {
		if f.name == name {
			return true
		}
	}
	return false
}

// isRedirect tells whether a status asks for the request to be sent elsewhere
// (RFC 9110, section 15.4). The others of its class offer a choice or a cache.
func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

package message

import "iter"

// Lines are all fields of a header in their original order. Their space is used again.
type Lines struct {
	text []byte
	ends []int // of names and values, in turn
}

// Reset empties l and keeps its space. l may be nil.
func (l *Lines) Reset() {
	if l != nil {
		l.text, l.ends = l.text[:0], l.ends[:0]
	}
}

// Add takes in a field. l may be nil.
func (l *Lines) Add(name, value []byte) {
	if l == nil {
		return
	}
	l.text = append(l.text, name...)
	l.ends = append(l.ends, len(l.text))
	l.text = append(l.text, value...)
	l.ends = append(l.ends, len(l.text))
}

// All yields the names and values. They are valid until l changes. l may be nil.
func (l *Lines) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		if l == nil {
			return
		}
		start := 0
		for i := 0; i+1 < len(l.ends); i += 2 {
			name, value := l.text[start:l.ends[i]], l.text[l.ends[i]:l.ends[i+1]]
			start = l.ends[i+1]
			if !yield(name, value) {
				return
			}
		}
	}
}

// Request returns the method and the target from the pseudo-header fields of a request, like
// the first line of HTTP/1 but without the version. It also returns the other fields,
// including the authority.
func (l *Lines) Request() (line string, fields []Field) {
	var method, path string
	for name, value := range l.All() {
		switch string(name) {
		case ":method":
			method = string(value)
		case ":path":
			path = string(value)
		case ":scheme":
		default:
			fields = append(fields, Field{Name: string(name), Value: string(value)})
		}
	}
	return method + " " + path, fields
}

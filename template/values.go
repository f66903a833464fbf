package template

// Values are the values of the names of templates in one request, by their numbers. The zero
// value has none. It uses its space again: the steady state allocates nothing.
type Values struct {
	text  []byte
	spans []span
}

// span is a part of the text; the zero value is none.
type span struct {
	start, end int
	isSet      bool
}

// Reset drops all values.
func (v *Values) Reset() { v.text, v.spans = v.text[:0], v.spans[:0] }

// Set gives the name with that number a copy of value. The number is at least 0.
func (v *Values) Set(number int, value []byte) {
	v.Commit(number, append(v.Space(), value...))
}

// Space returns the slice to append the next value to, for Commit. No other value may be set
// in between.
func (v *Values) Space() []byte { return v.text }

// Commit gives the name with that number the value appended to Space.
func (v *Values) Commit(number int, appended []byte) {
	for len(v.spans) <= number {
		v.spans = append(v.spans, span{})
	}
	v.spans[number] = span{start: len(v.text), end: len(appended), isSet: true}
	v.text = appended
}

// Value returns the value of the name with that number, and whether it has one. The value is
// valid until the next change of v.
func (v *Values) Value(number int) (value []byte, ok bool) {
	if number >= len(v.spans) || !v.spans[number].isSet {
		return nil, false
	}
	s := v.spans[number]
	return v.text[s.start:s.end:s.end], true
}

package template

// Values are what the names of templates stand for in one request, by their numbers. The zero
// value has none. Its space is used again: the steady state allocates nothing.
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

// Set has the name of that number, which is at least 0, stand for a copy of value.
func (v *Values) Set(number int, value []byte) {
	v.Commit(number, append(v.Space(), value...))
}

// Space returns where the next value may be appended, to be handed to Commit. No other value
// may be set between.
func (v *Values) Space() []byte { return v.text }

// Commit has the name of that number stand for what was appended to Space.
func (v *Values) Commit(number int, appended []byte) {
	for len(v.spans) <= number {
		v.spans = append(v.spans, span{})
	}
	v.spans[number] = span{start: len(v.text), end: len(appended), isSet: true}
	v.text = appended
}

// Value returns what the name of that number stands for, and whether it stands for anything.
// It is valid until the next change of v.
func (v *Values) Value(number int) (value []byte, ok bool) {
	if number >= len(v.spans) || !v.spans[number].isSet {
		return nil, false
	}
	s := v.spans[number]
	return v.text[s.start:s.end:s.end], true
}

package qpack

import "example.com/prober/prober/hpack"

// AppendPrefix appends the beginning of a field section without a dynamic table: no entry
// is required, and the base is 0 (RFC 9204, section 4.5.1).
func AppendPrefix(p []byte) []byte { return append(p, 0, 0) }

// AppendField appends a field. Its name is in lower case. No intermediary may put a
// sensitive one into a table (RFC 9204, section 4.5.4). The search through the static table
// is for requests that are encoded once; what varies goes through AppendLiteral.
func AppendField(p []byte, name, value string, sensitive bool) []byte {
	const neverIndexed = 0x20
	named := -1
	for i, e := range staticTable {
		switch {
		case e.name != name:
		// An index has no bit to say that a field is sensitive, so such a field is sent as
		// a literal.
		case e.value == value && !sensitive:
			return appendIndexed(p, i)
		case named < 0:
			named = i
		}
	}
	if named < 0 {
		return AppendLiteral(p, name, value, sensitive)
	}
	first := byte(0x50)
	if sensitive {
		first |= neverIndexed
	}
	return hpack.AppendString(hpack.AppendInteger(p, first, 4, uint64(named)), value)
}

// AppendLiteral appends a field as it is, without a look at the static table (RFC 9204,
// section 4.5.6).
func AppendLiteral[T string | []byte](p []byte, name string, value T, sensitive bool) []byte {
	const neverIndexed = 0x10
	first := byte(0x20)
	if sensitive {
		first |= neverIndexed
	}
	p = append(hpack.AppendInteger(p, first, 3, uint64(len(name))), name...)
	return append(hpack.AppendInteger(p, 0, 7, uint64(len(value))), value...)
}

// appendIndexed appends entry i of the static table.
func appendIndexed(p []byte, i int) []byte { return hpack.AppendInteger(p, 0xc0, 6, uint64(i)) }

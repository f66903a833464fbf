package qpack

import (
	"errors"

	"example.com/prober/prober/hpack"
)

// Why a field section cannot be decoded.
var (
	errMalformed = errors.New("a malformed field section")
	errDynamic   = errors.New("a field section that refers to a dynamic table, but there is none")
	errIndex     = errors.New("an index beyond the static table")
)

// Decoder decodes field sections into space that it uses again. The zero Decoder is ready.
type Decoder struct{ name, value []byte }

// Decode passes the fields of a section to h. The mark of each field is the verdict of
// sound on it. An error is one of the connection (RFC 9204, section 2.2).
func (d *Decoder) Decode(section []byte, h hpack.Header, sound func(name, value []byte) bool) error {
	h.Reset()
	rest, err := prefix(section)
	for err == nil && len(rest) > 0 {
		rest, err = d.field(rest, h, sound)
	}
	return err
}

// prefix reads the beginning of a section (RFC 9204, section 4.5.1): how many entries of
// the dynamic table it needs, and from where it counts them. A section that needs none may
// have any base (section 4.5.1.2), so the base is read and not looked at.
func prefix(section []byte) (rest []byte, err error) {
	required, rest, ok := hpack.ReadInteger(section, 8)
	if !ok {
		return nil, errMalformed
	}
	if required != 0 {
		return nil, errDynamic
	}
	if _, rest, ok = hpack.ReadInteger(rest, 7); !ok {
		return nil, errMalformed
	}
	return rest, nil
}

// field reads one field line (RFC 9204, sections 4.5.2 to 4.5.6).
func (d *Decoder) field(p []byte, h hpack.Header, sound func(name, value []byte) bool) (rest []byte, err error) {
	switch b := p[0]; {
	case b&0x80 != 0:
		return d.indexed(p, h, sound)
	case b&0xc0 == 0x40:
		e, rest, err := entry(p, b&0x10 != 0, 4)
		if err != nil {
			return nil, err
		}
		return d.literal(append(d.name[:0], e.name...), rest, h, sound)
	case b&0xe0 == 0x20:
		name, rest, err := hpack.ReadString(d.name, p, 3)
		if err != nil {
			return nil, err
		}
		return d.literal(name, rest, h, sound)
	default: // the rest counts from entries added later
		return nil, errDynamic
	}
}

// indexed reads a field line for an entry of the static table.
func (d *Decoder) indexed(p []byte, h hpack.Header, sound func(name, value []byte) bool) (rest []byte, err error) {
	e, rest, err := entry(p, p[0]&0x40 != 0, 6)
	if err != nil {
		return nil, err
	}
	if !h.IsFull() { // a short section can repeat a long entry many times
		// The table has strings, and h takes bytes: a conversion would allocate for every
		// field.
		d.name, d.value = append(d.name[:0], e.name...), append(d.value[:0], e.value...)
		h.Add(d.name, d.value, sound(d.name, d.value))
	}
	return rest, nil
}

// literal reads the value of a field. Its name is known.
func (d *Decoder) literal(name, p []byte, h hpack.Header, sound func(name, value []byte) bool) (rest []byte, err error) {
	d.name = name
	if d.value, rest, err = hpack.ReadString(d.value, p, 7); err != nil {
		return nil, err
	}
	h.Add(d.name, d.value, sound(d.name, d.value))
	return rest, nil
}

// entry reads an index of so many bits.
func entry(p []byte, static bool, bits int) (e staticEntry, rest []byte, err error) {
	index, rest, ok := hpack.ReadInteger(p, bits)
	switch {
	case !ok:
		return e, nil, errMalformed
	case !static:
		return e, nil, errDynamic
	case index >= uint64(len(staticTable)):
		return e, nil, errIndex
	}
	return staticTable[index], rest, nil
}

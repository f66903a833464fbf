package hpack

import (
	"bytes"
	"errors"
)

// stringPrefix is the number of bits in the prefix of a string's length.
const stringPrefix = 7

// errFieldBlock is a header block that cannot be decoded.
var errFieldBlock = errors.New("malformed header block")

// Header takes in the fields of a header block.
type Header interface {
	// Reset forgets the header before.
	Reset()
	// Add takes in a field, with its mark. Both are valid during the call only.
	Add(name, value []byte, mark bool)
	// IsFull reports whether no more fields matter.
	IsFull() bool
}

// Decoder decodes header blocks (RFC 7541) into space that it uses again. The decoder of
// package hpack makes strings of everything it decodes; many servers change the dynamic
// table with every response.
type Decoder struct {
	marks       *Marks
	table       table
	name, value []byte

	// last is the last block decoded. It is empty if the same block would mean something
	// else now, or is longer than LongestRepeat.
	last []byte
	// added are the entries that block put into the table, and text their names and values.
	added []entry
	text  []byte
	// adds means that the block under way puts something into the table. tied means that it
	// refers to the table, or resizes it.
	adds, tied bool
}

// LongestRepeat is the longest block to recognize when it comes again, in bytes. Each
// connection keeps one such block.
const LongestRepeat = 1 << 10

// NewDecoder returns a decoder of the blocks on one connection. Its fields have marks.
func NewDecoder(marks *Marks) *Decoder {
	d := &Decoder{marks: marks}
	d.table.resize(MaxFieldTable)
	return d
}

// Decode sets h to the header encoded in block; h must be as the last call left it. If a
// server answers all requests alike, the block is the same until the date in it changes,
// and h is right already. After an error the table is in a state unknown to the peer: the
// connection cannot be used any more.
func (d *Decoder) Decode(block []byte, h Header) error {
	if len(d.last) > 0 && bytes.Equal(d.last, block) {
		d.addAgain()
		return nil
	}
	h.Reset()
	d.last, d.added, d.text = d.last[:0], d.added[:0], d.text[:0]
	d.adds, d.tied = false, false
	if err := d.fields(block, h); err != nil {
		return err
	}
	// With a new entry, the indexes of all older ones change. So a block that also refers to
	// one means something else the next time.
	if len(block) <= LongestRepeat && !(d.adds && d.tied) {
		d.last = append(d.last, block...)
	}
	return nil
}

// add puts the field just decoded into the table. It notes the field for addAgain.
func (d *Decoder) add(mark bool) {
	d.table.add(d.name, d.value, mark)
	d.adds = true
	noted := len(d.text) + EntryOverhead*len(d.added) // as the table measures it
	if d.tied || noted+len(d.name)+len(d.value)+EntryOverhead > MaxFieldTable {
		d.tied = true // a block that fills the table more than once is not recognized either
		return
	}
	e := entry{start: len(d.text), mark: mark}
	d.text = append(d.text, d.name...)
	e.value = len(d.text)
	d.text = append(d.text, d.value...)
	e.end = len(d.text)
	d.added = append(d.added, e)
}

// addAgain does to the table what the last block did to it. Many servers put their whole
// header into the table with every response, and never refer to it.
func (d *Decoder) addAgain() {
	for _, e := range d.added {
		d.table.add(d.text[e.start:e.value], d.text[e.value:e.end], e.mark)
	}
}

// fields passes the fields of a block to h.
func (d *Decoder) fields(block []byte, h Header) error {
	for fields := 0; len(block) > 0; {
		var err error
		switch b := block[0]; {
		case b&0xe0 == 0x20: // an update of the table's size comes before all fields
			if fields > 0 {
				return errFieldBlock
			}
			block, err = d.resize(block)
		case b&0x80 != 0:
			fields++
			block, err = d.indexed(block, h)
		case b&0xc0 == 0x40:
			fields++
			var mark bool
			if block, mark, err = d.literal(block, 6, h); err == nil {
				d.add(mark)
			}
		default: // not indexed, or never indexed by intermediaries either: the same here
			fields++
			block, _, err = d.literal(block, 4, h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resize is a dynamic table size update (RFC 7541, section 6.3).
func (d *Decoder) resize(block []byte) (rest []byte, err error) {
	limit, rest, ok := ReadInteger(block, 5)
	if !ok || limit > MaxFieldTable {
		return nil, errFieldBlock
	}
	d.table.resize(int(limit))
	d.tied = true
	return rest, nil
}

// indexed is an indexed field (RFC 7541, section 6.1).
func (d *Decoder) indexed(block []byte, h Header) (rest []byte, err error) {
	index, rest, ok := ReadInteger(block, 7)
	if !ok {
		return nil, errFieldBlock
	}
	name, value, mark, ok := d.entry(index)
	if !ok {
		return nil, errFieldBlock
	}
	if !h.IsFull() { // a short block can repeat a long entry many times
		h.Add(name, value, mark)
	}
	return rest, nil
}

// literal is a literal field with an index of so many bits for its name (RFC 7541, section
// 6.2). It also returns the field's mark.
func (d *Decoder) literal(block []byte, bits int, h Header) (rest []byte, mark bool, err error) {
	index, rest, ok := ReadInteger(block, bits)
	if !ok {
		return nil, false, errFieldBlock
	}
	if index > 0 {
		name, _, _, ok := d.entry(index)
		if !ok {
			return nil, false, errFieldBlock
		}
		d.name = append(d.name[:0], name...) // the name may be about to leave the table
	} else if d.name, rest, err = ReadString(d.name, rest, stringPrefix); err != nil {
		return nil, false, err
	}
	if d.value, rest, err = ReadString(d.value, rest, stringPrefix); err != nil {
		return nil, false, err
	}
	mark = d.marks.of(d.name, d.value)
	h.Add(d.name, d.value, mark)
	return rest, mark, nil
}

// entry returns the entry with an index, from the static table or the dynamic one. It is
// valid until the next change.
func (d *Decoder) entry(index uint64) (name, value []byte, mark, ok bool) {
	if 1 <= index && index <= staticEntries {
		e := &staticTable[index]
		return e.name, e.value, d.marks.static[index], true
	}
	d.tied = true
	return d.table.get(index)
}

// ReadInteger reads an integer with a prefix of so many bits (RFC 7541, section 5.1). No
// sensible integer is longer than the prefix and four bytes.
func ReadInteger(p []byte, bits int) (n uint64, rest []byte, ok bool) {
	if len(p) == 0 {
		return 0, nil, false
	}
	most := uint64(1)<<bits - 1
	if n = uint64(p[0]) & most; n < most {
		return n, p[1:], true
	}
	for i := 1; i <= 4 && i < len(p); i++ {
		n += uint64(p[i]&0x7f) << (7 * (i - 1))
		if p[i]&0x80 == 0 {
			return n, p[i+1:], true
		}
	}
	return 0, nil, false
}

// AppendInteger appends n with a prefix of so many bits. The other bits of the first byte
// come from first (RFC 7541, section 5.1).
func AppendInteger(p []byte, first byte, bits int, n uint64) []byte {
	most := uint64(1)<<bits - 1
	if n < most {
		return append(p, first|byte(n))
	}
	p = append(p, first|byte(most))
	for n -= most; n > 0x7f; n >>= 7 {
		p = append(p, 0x80|byte(n))
	}
	return append(p, byte(n))
}

// cutString returns the encoded string at the start of p. Its length has a prefix of so
// many bits (RFC 7541, section 5.2).
func cutString(p []byte, bits int) (s []byte, compressed bool, rest []byte, ok bool) {
	n, rest, ok := ReadInteger(p, bits)
	if !ok || n > uint64(len(rest)) {
		return nil, false, nil, false
	}
	return rest[:n], p[0]>>bits&1 != 0, rest[n:], true
}

// AppendString appends s as it is, not compressed (RFC 7541, section 5.2).
func AppendString(p []byte, s string) []byte {
	return append(AppendInteger(p, 0, 7, uint64(len(s))), s...)
}

// ReadString decodes the string at the start of p into the space of into. Its length has a
// prefix of so many bits, and the bit before those says whether it is compressed. rest is
// what follows it. The string is valid until into is used again.
func ReadString(into, p []byte, bits int) (s, rest []byte, err error) {
	encoded, compressed, rest, ok := cutString(p, bits)
	if !ok {
		return into, nil, errFieldBlock
	}
	if !compressed {
		return append(into[:0], encoded...), rest, nil
	}
	s, err = huffman.decode(into[:0], encoded)
	return s, rest, err
}

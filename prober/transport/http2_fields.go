package transport

import (
	"errors"

	"golang.org/x/net/http2/hpack"
)

// errFieldBlock is a header block that cannot be decoded.
var errFieldBlock = errors.New("malformed header block")

// fieldDecoder decodes header blocks (RFC 7541) into space that it uses again.
//
// The decoder of package hpack keeps the dynamic table. It also makes strings of
// all that it decodes; so literals that the peer does not put into the table,
// which is what many servers send all of, are decoded here.
type fieldDecoder struct {
	table *hpack.Decoder
	entry hpack.HeaderField // what table decoded last
	name  []byte
	value []byte
	index [8]byte // room to ask table for an entry
}

// emit is called by table.
func (d *fieldDecoder) emit(f hpack.HeaderField) { d.entry = f }

// decode passes the fields of a block to h. An error leaves the table in a state
// that the peer does not know: the connection cannot be used any more.
func (d *fieldDecoder) decode(block []byte, h *h2header) error {
	for fields := 0; len(block) > 0; {
		var err error
		switch b := block[0]; {
		case b&0xe0 == 0x20: // an update of the table's size comes before all fields
			if fields > 0 {
				return errFieldBlock
			}
			block, err = d.resize(block)
		case b&0xf0 == 0x00 || b&0xf0 == 0x10:
			fields++
			block, err = d.literal(block, h)
		default:
			fields++
			block, err = d.indexed(block, h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resize is a dynamic table size update (RFC 7541, section 6.3).
func (d *fieldDecoder) resize(block []byte) (rest []byte, err error) {
	_, rest, ok := readInteger(block, 5)
	if !ok {
		return nil, errFieldBlock
	}
	if err := d.tell(block[:len(block)-len(rest)]); err != nil {
		return nil, err
	}
	return rest, d.table.Close() // lets another update follow
}

// indexed is an indexed field, or a literal that goes into the table (RFC 7541,
// sections 6.1 and 6.2.1).
func (d *fieldDecoder) indexed(block []byte, h *h2header) (rest []byte, err error) {
	ok := false
	if block[0]&0x80 != 0 {
		_, rest, ok = readInteger(block, 7)
	} else {
		rest, ok = skipLiteral(block)
	}
	if !ok {
		return nil, errFieldBlock
	}
	if err := d.tell(block[:len(block)-len(rest)]); err != nil {
		return nil, err
	}
	if h.oversized { // a short block can repeat a long entry many times
		return rest, nil
	}
	d.name = append(d.name[:0], d.entry.Name...)
	d.value = append(d.value[:0], d.entry.Value...)
	h.add(d.name, d.value)
	return rest, nil
}

// literal is one that does not go into the table (RFC 7541, sections 6.2.2 and
// 6.2.3).
func (d *fieldDecoder) literal(block []byte, h *h2header) (rest []byte, err error) {
	index, rest, ok := readInteger(block, 4)
	if !ok {
		return nil, errFieldBlock
	}
	if index > 0 {
		if err := d.tell(appendIndex(d.index[:0], index)); err != nil {
			return nil, err
		}
		d.name = append(d.name[:0], d.entry.Name...)
	} else if d.name, rest, err = readString(d.name, rest); err != nil {
		return nil, err
	}
	if d.value, rest, err = readString(d.value, rest); err != nil {
		return nil, err
	}
	h.add(d.name, d.value)
	return rest, nil
}

func (d *fieldDecoder) tell(representation []byte) error {
	_, err := d.table.Write(representation)
	return err
}

// skipLiteral returns what follows a literal with incremental indexing.
func skipLiteral(block []byte) (rest []byte, ok bool) {
	index, rest, ok := readInteger(block, 6)
	if !ok {
		return nil, false
	}
	if index == 0 {
		if _, _, rest, ok = cutString(rest); !ok {
			return nil, false
		}
	}
	_, _, rest, ok = cutString(rest)
	return rest, ok
}

// readInteger reads an integer with a prefix of so many bits (RFC 7541, section
// 5.1). None that makes sense is longer than four bytes and the prefix.
func readInteger(p []byte, bits int) (n uint64, rest []byte, ok bool) {
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

// appendIndex appends the indexed representation of a table's entry.
func appendIndex(p []byte, index uint64) []byte { return appendInteger(p, 0x80, 7, index) }

// appendInteger appends n with a prefix of so many bits, the others of its first
// byte being those of first (RFC 7541, section 5.1).
func appendInteger(p []byte, first byte, bits int, n uint64) []byte {
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

// cutString returns the encoded string at the start of p (RFC 7541, section 5.2).
func cutString(p []byte) (s []byte, compressed bool, rest []byte, ok bool) {
	n, rest, ok := readInteger(p, 7)
	if !ok || n > uint64(len(rest)) {
		return nil, false, nil, false
	}
	return rest[:n], p[0]&0x80 != 0, rest[n:], true
}

// appendString appends s as it is, not compressed (RFC 7541, section 5.2).
func appendString(p []byte, s string) []byte {
	return append(appendInteger(p, 0, 7, uint64(len(s))), s...)
}

// readString decodes the string at the start of p into the space of into.
func readString(into, p []byte) (s, rest []byte, err error) {
	encoded, compressed, rest, ok := cutString(p)
	if !ok {
		return into, nil, errFieldBlock
	}
	if !compressed {
		return append(into[:0], encoded...), rest, nil
	}
	s, err = huffman.decode(into[:0], encoded)
	return s, rest, err
}

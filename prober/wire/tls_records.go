package wire

import "encoding/binary"

// Types of TLS records (RFC 8446, section 5.1).
const (
	recordHandshake       = 22
	recordApplicationData = 23
	recordHeaderSize      = 5
)

// records follows the TLS records from a peer. crypto/tls reads as much as there is, and
// asks for more only if it holds less than a record. So records knows whether crypto/tls
// can hold one.
type records struct {
	header [recordHeaderSize]byte
	have   int // bytes of the header of the record under way
	left   int // bytes of it still to come, once the header is there
	// whole is how many records crypto/tls may hold: those that ended in the last read,
	// less one for each read from it since.
	whole int
	// foreign reports whether a record began, since it was set to false, that manages no
	// session: neither a ticket nor a key update.
	foreign bool
	tls13   bool
}

// follow takes the bytes of one read.
func (r *records) follow(p []byte) {
	// crypto/tls asks for bytes only when it has used up all whole records, so those of
	// earlier reads are gone.
	r.whole = 0
	for len(p) > 0 {
		if r.have < recordHeaderSize {
			n := copy(r.header[r.have:], p)
			r.have += n
			p = p[n:]
			if r.have < recordHeaderSize {
				return
			}
			r.left = int(binary.BigEndian.Uint16(r.header[3:]))
			r.foreign = r.foreign || !r.mayManage()
		}
		n := min(r.left, len(p))
		r.left -= n
		p = p[n:]
		if r.left == 0 {
			r.have = 0
			r.whole++
		}
	}
}

// isOpen reports whether a record has begun and not ended.
func (r *records) isOpen() bool { return r.have > 0 }

// mayManage reports whether the current record can be a handshake message. Its header has
// come. TLS 1.3 hides the type (RFC 8446, section 5.2); but without padding an alert is 2
// bytes, a type and a tag of 16 bytes, too short for a handshake message.
func (r *records) mayManage() bool {
	const alertSize = 2 + 1 + 16
	if r.tls13 {
		return r.header[0] == recordApplicationData && r.left > alertSize
	}
	return r.header[0] == recordHandshake
}

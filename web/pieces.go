package web

import "slices"

// pieces hold a page that may be long. It is not copied each time that it grows, as in a
// bytes.Buffer.
type pieces [][]byte

// Write implements io.Writer.
func (p *pieces) Write(b []byte) (int, error) {
	const least, most = 4 << 10, 1 << 20 // of a piece, in bytes
	n := len(b)
	for len(b) > 0 {
		last := len(*p) - 1
		if last < 0 || len((*p)[last]) == cap((*p)[last]) {
			room := least
			if last >= 0 {
				room = min(2*cap((*p)[last]), most)
			}
			*p = append(*p, slices.Grow([]byte(nil), room))
			last++
		}
		piece := (*p)[last]
		fits := min(len(b), cap(piece)-len(piece))
		(*p)[last] = append(piece, b[:fits]...)
		b = b[fits:]
	}
	return n, nil
}

package web

// pieces hold a page that may be long. Unlike a bytes.Buffer, they are not copied when
// the page grows.
type pieces [][]byte

// writer writes a page, first into the free pieces of an earlier page.
type writer struct{ written, free pieces }

// Write implements io.Writer.
func (w *writer) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		last := len(w.written) - 1
		if last < 0 || len(w.written[last]) == cap(w.written[last]) {
			w.written = append(w.written, w.room())
			last++
		}
		piece := w.written[last]
		fits := min(len(b), cap(piece)-len(piece))
		w.written[last] = append(piece, b[:fits]...)
		b = b[fits:]
	}
	return n, nil
}

// room returns an empty piece.
func (w *writer) room() []byte {
	// Pieces double, so a short page takes little and a long one few pieces.
	const least, most = 4 << 10, 1 << 20 // bytes
	if len(w.free) > 0 {
		piece := w.free[0][:0]
		w.free = w.free[1:]
		return piece
	}
	if last := len(w.written) - 1; last >= 0 {
		return make([]byte, 0, min(2*cap(w.written[last]), most))
	}
	return make([]byte, 0, least)
}

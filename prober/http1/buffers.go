package http1

import "sync"

// buffers keeps the buffers of closed connections for new ones: if each request has a
// connection of its own, the buffer is most of what a connection takes.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() []byte {
	if buf, ok := b.pool.Get().(*[readBufferSize]byte); ok {
		return buf[:]
	}
	return make([]byte, readBufferSize)
}

// put takes a buffer back, unless it has grown for a header.
func (b *buffers) put(buf []byte) {
	if len(buf) == readBufferSize {
		b.pool.Put((*[readBufferSize]byte)(buf))
	}
}

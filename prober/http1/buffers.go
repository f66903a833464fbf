package http1

import "sync"

// buffers has the buffers of connections without a request. A buffer is most of what a
// connection takes: thousands of idle ones need none, and new ones need no new one.
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

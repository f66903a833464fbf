package numbers

import "io"

// blockSize is the size of a block in bytes. Blocks do not grow, so bytes in them are never copied
// again.
const blockSize = 64 << 10

// blocks hold bytes until they are written. They keep their memory after a reset.
type blocks struct {
	list [][]byte
	used int // of list; all but the last one are full
	size int // of all bytes
}

func (b *blocks) reset() { b.used, b.size = 0, 0 }

// room returns the block for the next bytes. The caller appends to it and gives it to put.
func (b *blocks) room() []byte {
	// Nearly every series fits in this many bytes. A longer one makes its block grow, once.
	const enough = 4 << 10
	if b.used > 0 {
		if last := b.list[b.used-1]; len(last)+enough <= blockSize {
			return last
		}
	}
	if b.used == len(b.list) {
		b.list = append(b.list, make([]byte, 0, blockSize))
	}
	b.used++
	b.list[b.used-1] = b.list[b.used-1][:0]
	return b.list[b.used-1]
}

// put takes back the block that room returned last.
func (b *blocks) put(block []byte) {
	b.size += len(block) - len(b.list[b.used-1])
	b.list[b.used-1] = block
}

func (b *blocks) writeTo(w io.Writer) error {
	for _, block := range b.list[:b.used] {
		if _, err := w.Write(block); err != nil {
			return err
		}
	}
	return nil
}

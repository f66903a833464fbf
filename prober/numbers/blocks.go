package numbers

import "io"

// blockSize is the room of a block in bytes. What is put into blocks is never copied again when
// there is more of it.
const blockSize = 64 << 10

// blocks hold bytes until they are written. They keep the memory that they have grown to.
type blocks struct {
	list [][]byte
	used int // of list; all but the last one are full
	size int // of all bytes
}

func (b *blocks) reset() { b.used, b.size = 0, 0 }

// room returns the block to which the next bytes are to be appended. What comes of it is put back.
func (b *blocks) room() []byte {
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

package hpack

import (
	"bytes"
	"errors"
	"sort"

	"golang.org/x/net/http2/hpack"
)

var errHuffman = errors.New("malformed Huffman code")

const (
	shortestCode = 5  // bits
	longestCode  = 30 // bits
	endOfString  = 256
)

// huffmanCode decodes the strings of header blocks (RFC 7541, appendix B). The code is
// canonical: for each length, the codes count up from the first in the order of their
// symbols.
type huffmanCode struct {
	symbols [257]uint16 // in the order of their codes
	// For each length: the first code, one more than the last, and the index of the
	// first's symbol.
	first, limit, at [longestCode + 1]uint32
}

// huffman is only read. The lengths of the codes come from package hpack. Its decoder
// takes a buffer for every string from a pool, and the pool does not keep the buffers it
// gets back.
var huffman = func() *huffmanCode {
	var lengths [257]int
	for b := range endOfString {
		eight := string(bytes.Repeat([]byte{byte(b)}, 8))
		lengths[b] = int(hpack.HuffmanEncodeLength(eight)) // bytes of eight are bits of one
	}
	lengths[endOfString] = longestCode
	h := new(huffmanCode)
	for i := range h.symbols {
		h.symbols[i] = uint16(i)
	}
	sort.SliceStable(h.symbols[:], func(i, j int) bool {
		return lengths[h.symbols[i]] < lengths[h.symbols[j]]
	})
	code, i := uint32(0), 0
	for n := 1; n <= longestCode; n++ {
		code <<= 1
		h.first[n], h.at[n] = code, uint32(i)
		for i < len(h.symbols) && lengths[h.symbols[i]] == n {
			code++
			i++
		}
		h.limit[n] = code
	}
	return h
}()

// decode appends the decoded p to into.
func (h *huffmanCode) decode(into, p []byte) ([]byte, error) {
	var bits uint64 // the lowest ones are not decoded yet
	have := 0
	for _, b := range p {
		bits, have = bits<<8|uint64(b), have+8
		for have >= shortestCode {
			symbol, n := h.next(bits, have)
			if n == 0 {
				break
			}
			if symbol == endOfString {
				return into, errHuffman
			}
			into = append(into, byte(symbol))
			have -= n
		}
	}
	// The rest must be the first bits of the end of the string, less than a byte (RFC 7541,
	// section 5.2). Otherwise several encodings would have one meaning.
	padding := uint64(1)<<have - 1
	if have > 7 || bits&padding != padding {
		return into, errHuffman
	}
	return into, nil
}

// next returns the first symbol of so many bits and the length of its code, or length 0
// if there are not enough of them.
func (h *huffmanCode) next(bits uint64, have int) (symbol uint16, length int) {
	for n := shortestCode; n <= min(have, longestCode); n++ {
		code := uint32(bits>>(have-n)) & (1<<n - 1)
		if code < h.limit[n] {
			return h.symbols[h.at[n]+code-h.first[n]], n
		}
	}
	return 0, 0
}

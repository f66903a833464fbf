package hpack

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2/hpack"
)

func TestHuffman(t *testing.T) {
	var all []byte
	for b := range 256 {
		all = append(all, byte(b))
		encoded := hpack.AppendHuffmanString(nil, string(all))
		got, err := huffman.decode(nil, encoded)
		require.NoError(t, err)
		require.Equal(t, all, got)
	}
}

func FuzzHuffman(f *testing.F) {
	for _, s := range []string{"", "a", "www.example.com", "\x00\xff\n", "Mon, 21 Oct 2013 20:13:21 GMT"} {
		f.Add(hpack.AppendHuffmanString(nil, s))
		f.Add([]byte(s))
	}
	f.Add(bytes.Repeat([]byte{0xff}, 8))
	f.Fuzz(func(t *testing.T, p []byte) {
		want, theirErr := hpack.HuffmanDecodeToString(p)
		got, err := huffman.decode(nil, p)
		require.Equal(t, theirErr == nil, err == nil, "%v %v", theirErr, err)
		if err == nil {
			require.Equal(t, want, string(got))
		}
	})
}

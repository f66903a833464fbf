package http2

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2/hpack"

	our "example.com/prober/prober/hpack"
)

// fieldBlocks returns the header of a response, encoded as often as a server sends it before
// it begins anew. None of the blocks needs what another has put into the table.
func fieldBlocks(tb testing.TB, blocks int, intoTable bool) [][]byte {
	tb.Helper()
	var encoded [][]byte
	for i := range blocks {
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		encoder.SetMaxDynamicTableSize(0)
		for _, f := range [][2]string{
			{":status", "200"}, {"server", "nginx/1.28.0"}, {"content-type", "application/json; charset=utf-8"},
			{"content-length", "1024"}, {"cache-control", "no-store"}, {"x-request-id", "9f86d081884c7d65"},
		} {
			require.NoError(tb, encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
		}
		at := block.Len()
		date := "Mon, 01 Jan 2024 00:00:" + strconv.Itoa(10+i) + " GMT"
		require.NoError(tb, encoder.WriteField(hpack.HeaderField{Name: "date", Value: date}))
		if intoTable {
			raw := block.Bytes()[at:]
			require.Equal(tb, "\x0f\x12", string(raw[:2]), "a literal with the name of entry 33, not indexed")
			added := append([]byte{0x40 | 33}, raw[2:]...)
			block.Truncate(at)
			block.Write(added)
		}
		encoded = append(encoded, bytes.Clone(block.Bytes()))
	}
	return encoded
}

// BenchmarkFieldBlock compares the decoder of header blocks with that of package hpack, which
// makes a string of each name and value.
func BenchmarkFieldBlock(b *testing.B) {
	for _, kind := range []struct {
		name   string
		blocks [][]byte
	}{
		{"the same again", fieldBlocks(b, 1, false)},
		{"another date", fieldBlocks(b, 50, false)},
		{"another date for the table", fieldBlocks(b, 50, true)},
	} {
		b.Run(kind.name+"/own", func(b *testing.B) { decodeByOurs(b, kind.blocks) })
		b.Run(kind.name+"/hpack", func(b *testing.B) { decodeByTheirs(b, kind.blocks) })
	}
}

func decodeByOurs(b *testing.B, blocks [][]byte) {
	b.Helper()
	d := our.NewDecoder(soundness)
	var h header
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.Decode(blocks[i%len(blocks)], &h); err != nil || h.status != 200 {
			b.Fatal(err, h.status)
		}
	}
}

func decodeByTheirs(b *testing.B, blocks [][]byte) {
	b.Helper()
	var h header
	var name, value []byte
	d := hpack.NewDecoder(our.MaxFieldTable, func(f hpack.HeaderField) {
		name, value = append(name[:0], f.Name...), append(value[:0], f.Value...)
		h.Add(name, value, isSound(name, value))
	})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Reset()
		_, err := d.Write(blocks[i%len(blocks)])
		if err == nil {
			err = d.Close()
		}
		if err != nil || h.status != 200 {
			b.Fatal(err, h.status)
		}
	}
}

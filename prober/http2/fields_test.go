package http2

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2/hpack"

	our "example.com/prober/prober/hpack"
	"example.com/prober/prober/message"
)

// sameVerdict decodes the header blocks of one connection with our decoder and with the one of package hpack, and
// compares the results.
func sameVerdict(t *testing.T, blocks ...[]byte) {
	t.Helper()
	ours := our.NewDecoder(soundness)
	theirs := hpack.NewDecoder(4096, nil)
	got, want := message.Section{Wanted: []string{"etag"}}, message.Section{Wanted: []string{"etag"}}
	for _, block := range blocks {
		want.Reset()
		err := ours.Decode(block, &got)
		fields, theirErr := theirs.DecodeFull(block)
		if err != nil {
			require.Contains(t, t.Name(), "Fuzz")
			return // TestHeaderBlocksThatAreRefused covers the cases in which we are stricter
		}
		if theirErr != nil && changesSizeTwice(block) {
			return // RFC 7541, section 4.2 allows that, the library only while the table is empty
		}
		require.NoError(t, theirErr)
		for _, f := range fields {
			want.Add([]byte(f.Name), []byte(f.Value), message.IsSound([]byte(f.Name), []byte(f.Value)))
		}
		require.Equal(t, want.Oversized, got.Oversized)
		if !got.Oversized { // the decoder stops looking at fields after that
			require.Equal(t, want, got)
		}
	}
}

// changesSizeTwice reports whether block, one that we accept, begins with two changes of the size of the table.
func changesSizeTwice(block []byte) bool {
	isChange := func(b []byte) bool { return len(b) > 0 && b[0]&0xe0 == 0x20 }
	if !isChange(block) {
		return false
	}
	rest := block[1:]
	if block[0] == 0x3f { // the size goes on in the next bytes
		for rest[0]&0x80 != 0 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	return isChange(rest)
}

// A table is filled, emptied and resized many times.
func TestLongHistoryOfATable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	encoder := hpack.NewEncoder(&b)
	var blocks [][]byte
	for range 300 {
		b.Reset()
		if random.IntN(20) == 0 {
			encoder.SetMaxDynamicTableSize(random.Uint32N(our.MaxFieldTable + 1))
		}
		for range random.IntN(20) {
			field := hpack.HeaderField{
				Name:      fmt.Sprintf("x-%d", random.IntN(40)),
				Value:     strings.Repeat("v", random.IntN(1+random.IntN(1+random.IntN(4200)))),
				Sensitive: random.IntN(5) == 0,
			}
			if random.IntN(3) == 0 {
				field.Name = "etag"
			}
			require.NoError(t, encoder.WriteField(field))
		}
		blocks = append(blocks, bytes.Clone(b.Bytes()))
	}
	sameVerdict(t, blocks...)
}

// Blocks come again, right away or after others, with the same table or another.
func TestBlocksThatComeAgain(t *testing.T) {
	t.Parallel()
	const (
		ok       = "\x88"
		fileTag  = "\x0f\x13\x01a"               // etag: a
		anyTag   = "\x0f\x13\x01b"               // etag: b
		addTag   = "\x62\x01c"                   // etag: c, into the table
		addOther = "\x62\x01e"                   // etag: e, into the table
		addBoth  = addTag + "\x40\x01n\x01v"     // and n: v
		newest   = "\xbe"                        // the entry that was added last
		empty    = "\x20"                        // the table
		whole    = "\x3f\xe1\x1f"                // its largest size
		notFound = "\x8d" + "\x0f\x0d\x01" + "7" // content-length: 7
		wrong    = "\x88" + "\x0f\x0d\x01" + "a" // content-length: a
		trailer  = "\x00\x06x-last\x01" + "1"    // without a status
	)
	long := ok + strings.Repeat(fileTag, our.LongestRepeat/len(fileTag)+1)
	var blocks [][]byte
	for _, block := range []string{
		ok, ok, ok + fileTag, ok + fileTag, ok + anyTag, ok + fileTag, ok,
		ok + addTag, ok + addTag, ok + newest, ok + newest, ok + "\x62\x01d", ok + newest, ok + "\xbf", ok + newest,
		ok + addBoth, ok + addBoth, ok + addBoth, ok + newest + "\xbf\xc0\xc1",
		ok + addTag + newest, ok + addTag + newest, ok + newest + addOther, ok + newest + addOther, ok + newest + addOther,
		ok + addTag + "\x7e\x01f", ok + addTag + "\x7e\x01f", ok + "\x7e\x01g", ok + "\x7e\x01g", ok + newest + "\xbf\xc0\xc1",
		empty + whole + ok + addTag, empty + whole + ok + addTag, ok + newest,
		ok + strings.Repeat("\x62\x00", 200), ok + strings.Repeat("\x62\x00", 200), ok + newest,
		whole + ok + newest, whole + ok + newest, empty + ok, empty + ok, ok, whole + ok, whole + ok, ok + addTag, ok + newest,
		notFound, notFound, wrong, wrong, ok, trailer, trailer, "", "", trailer, ok, long, long, ok, long + anyTag, ok,
	} {
		blocks = append(blocks, []byte(block))
	}
	sameVerdict(t, blocks...)
}

func TestHeaderBlocksAreDecodedAsByTheLibrary(t *testing.T) {
	var b bytes.Buffer
	encoder := hpack.NewEncoder(&b)
	var blocks [][]byte
	for i, size := range []uint32{4096, 4096, 0, 64, 4096, 200} {
		b.Reset()
		encoder.SetMaxDynamicTableSize(size)
		for _, f := range []hpack.HeaderField{
			{Name: ":status", Value: "200"},
			{Name: ":status", Value: "299"},
			{Name: "content-length", Value: strings.Repeat("1", i)},
			{Name: "etag", Value: strings.Repeat("\"#\"", i*i)},
			{Name: "x-plain", Value: strings.Repeat("~", 300)},
			{Name: "x-secret", Value: "s", Sensitive: true},
			{Name: "set-cookie", Value: "a=b", Sensitive: true},
		} {
			require.NoError(t, encoder.WriteField(f))
		}
		blocks = append(blocks, bytes.Clone(b.Bytes()))
	}
	sameVerdict(t, blocks...)
}

func TestHeaderBlocksThatAreRefused(t *testing.T) {
	for name, block := range map[string]string{
		"an index of 0":                               "\x80",
		"an index beyond the table":                   "\xbe",
		"the name of an index beyond the table":       "\x0f\x30\x00",
		"an index of which the rest is missing":       "\xff",
		"an index that never ends":                    "\xff\x80\x80\x80\x80\x80\x00",
		"a literal without a value":                   "\x00\x01a",
		"a literal whose value is too short":          "\x00\x01a\x02b",
		"an indexed literal without a value":          "\x40\x01a",
		"an indexed literal with nothing":             "\x40",
		"a string with a code that is not one":        "\x00\x01a\x84\xff\xff\xff\xff",
		"a string padded with a whole byte":           "\x00\x01a\x82\x1f\xff",
		"a string padded with zeros":                  "\x00\x01a\x81\x18",
		"an indexed string with a code that is none":  "\x40\x01a\x84\xff\xff\xff\xff",
		"a table above its limit":                     "\x3f\xe2\x1f",
		"a change of the table's size after a field":  "\x88\x20",
		"a change of the table's size without a size": "\x3f",
	} {
		t.Run(name, func(t *testing.T) {
			d := our.NewDecoder(soundness)
			assert.Error(t, d.Decode([]byte(block), &message.Section{}))
		})
	}
}

func FuzzHeaderBlocks(f *testing.F) {
	f.Add([]byte("\x88"), []byte("\x89\x5c\x011"))
	f.Add([]byte("\x20\x3f\xe1\x1f\x48\x82\x64\x02"), []byte("\xbe\x0f\x2f\x00"))
	f.Add([]byte("\x40\x04etag\x81\x1f"), []byte("\xbe\x1f\x2f\x01x"))
	f.Add([]byte("\x88\x40\x01a\x01b\x40\x01c\x01d"), []byte("\x88\xc1\xbe\x7f\x01\x01e"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		sameVerdict(t, first, second)
		sameVerdict(t, first, first, second, second, first)
	})
}

// fieldBlocks returns the header of a response in encoded blocks, with a different date in each. No block needs a table
// entry from another.
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

// BenchmarkFieldBlock compares the decoder of header blocks with the one in package hpack, which makes a string of each
// name and value.
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
	var h message.Section
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := d.Decode(blocks[i%len(blocks)], &h); err != nil || h.Status != 200 {
			b.Fatal(err, h.Status)
		}
	}
}

func decodeByTheirs(b *testing.B, blocks [][]byte) {
	b.Helper()
	var h message.Section
	var name, value []byte
	d := hpack.NewDecoder(our.MaxFieldTable, func(f hpack.HeaderField) {
		name, value = append(name[:0], f.Name...), append(value[:0], f.Value...)
		h.Add(name, value, message.IsSound(name, value))
	})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Reset()
		_, err := d.Write(blocks[i%len(blocks)])
		if err == nil {
			err = d.Close()
		}
		if err != nil || h.Status != 200 {
			b.Fatal(err, h.Status)
		}
	}
}

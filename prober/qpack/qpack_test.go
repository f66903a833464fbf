package qpack

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/quic-go/qpack"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/internal/rig"
)

func TestMain(m *testing.M) { rig.VerifyTestMain(m) }

// list takes in all fields.
type list struct {
	fields []qpack.HeaderField
	resets int
}

func (l *list) Reset() { l.fields, l.resets = nil, l.resets+1 }

func (l *list) Add(name, value []byte, sound bool) {
	if sound {
		l.fields = append(l.fields, qpack.HeaderField{Name: string(name), Value: string(value)})
	}
}

func (l *list) IsFull() bool { return false }

func every([]byte, []byte) bool { return true }

// theirs decodes a section with the library.
func theirs(section []byte) (all []qpack.HeaderField, err error) {
	next := qpack.NewDecoder().Decode(section)
	for {
		f, err := next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
}

func TestSectionsOfTheLibraryAreDecodedAsByTheLibrary(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	encoder := qpack.NewEncoder(&b)
	fields := []qpack.HeaderField{
		{Name: ":status", Value: "200"}, {Name: ":status", Value: "299"}, {Name: "content-length", Value: "0"},
		{Name: "etag", Value: `"#"`}, {Name: "x-plain", Value: strings.Repeat("~", 300)}, {Name: "x-empty", Value: ""},
		{Name: "x-" + strings.Repeat("n", 300), Value: "v"}, {Name: "x-frame-options", Value: "sameorigin"},
	}
	for _, f := range fields {
		require.NoError(t, encoder.WriteField(f))
	}
	var got list
	require.NoError(t, new(Decoder).Decode(b.Bytes(), &got, every))
	assert.Equal(t, fields, got.fields)
}

func TestWhatIsEncodedIsDecodedByTheLibrary(t *testing.T) {
	t.Parallel()
	section := AppendPrefix(nil)
	var fields []qpack.HeaderField
	for _, f := range [][2]string{
		{":method", "GET"}, {":method", "BREW"}, {":scheme", "https"}, {":authority", "a.test:8443"}, {":path", "/"}, {":path", "/x?y"},
		{"authorization", "Bearer secret"}, {"cookie", ""}, {"x-custom", "value"}, {"x-" + strings.Repeat("n", 200), strings.Repeat("v", 5000)},
	} {
		section = AppendField(section, f[0], f[1], f[0] == "authorization")
		fields = append(fields, qpack.HeaderField{Name: f[0], Value: f[1]})
	}
	section = AppendLiteral(section, "x-id", []byte("0123"), false)
	section = AppendLiteral(section, "authorization", "Bearer", true)
	fields = append(fields, qpack.HeaderField{Name: "x-id", Value: "0123"}, qpack.HeaderField{Name: "authorization", Value: "Bearer"})
	got, err := theirs(section)
	require.NoError(t, err)
	assert.Equal(t, fields, got)
	var ours list
	require.NoError(t, new(Decoder).Decode(section, &ours, every))
	assert.Equal(t, fields, ours.fields)
}

func TestSectionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, section := range map[string]string{
		"nothing":                               "",
		"half of a prefix":                      "\x00",
		"entries of a dynamic table":            "\x01\x00\xd9",
		"an index of a dynamic table":           "\x00\x00\x80",
		"an index that counts from the base":    "\x00\x00\x10",
		"a name of a dynamic table":             "\x00\x00\x40\x00",
		"a name that counts from the base":      "\x00\x00\x00\x00",
		"an index beyond the static table":      "\x00\x00\xff\x24",
		"a name beyond the static table":        "\x00\x00\x5f\x60\x00",
		"an index of which the rest is missing": "\x00\x00\xff",
		"an index that never ends":              "\x00\x00\xff\x80\x80\x80\x80\x80\x00",
		"a literal without a name":              "\x00\x00\x21",
		"a literal without a value":             "\x00\x00\x21a",
		"a literal whose value is too short":    "\x00\x00\x21a\x02b",
		"a name with a code that is none":       "\x00\x00\x2c\xff\xff\xff\xff\x00",
		"a value with a code that is none":      "\x00\x00\x21a\x84\xff\xff\xff\xff",
		"a value that is padded with zeros":     "\x00\x00\x21a\x81\x18",
	} {
		assert.Error(t, new(Decoder).Decode([]byte(section), new(list), every), name)
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	section := AppendPrefix(nil)
	for _, f := range [][2]string{{":status", "200"}, {"server", "Caddy"}, {"content-type", "text/plain"}, {"date", "Mon, 01 Jan 2024 00:00:10 GMT"}} {
		section = AppendField(section, f[0], f[1], false)
	}
	var d Decoder
	h := new(drain)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = d.Decode(section, h, every) }))
	assert.Positive(t, h.fields)
}

type drain struct{ fields int }

func (*drain) Reset()                     {}
func (d *drain) Add([]byte, []byte, bool) { d.fields++ }
func (*drain) IsFull() bool               { return false }

// FuzzSections demands the fields found by the library, if it takes the section. Our
// decoder may differ in two cases. The library knows only the base 0 if there are no
// entries, and no encoder makes some integers and strings.
func FuzzSections(f *testing.F) {
	f.Add([]byte("\x00\x00\xd9\x51\x85\x1d\x75\xd6\x20\xbf\x23abc\x82\x1c\x64"))
	f.Add([]byte("\x00\x00\x5f\x53\x02hi\x27\x00name-ok\x01v"))
	f.Fuzz(func(t *testing.T, section []byte) {
		var got list
		err := new(Decoder).Decode(section, &got, every)
		want, theirErr := theirs(section)
		if err == nil && theirErr == nil {
			require.Equal(t, want, got.fields)
		}
		if err == nil {
			return
		}
		require.Equal(t, 1, got.resets)
	})
}

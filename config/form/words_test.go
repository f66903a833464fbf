package form

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rooms returns a schema of a file of n mappings: room0, room1 and so on, each with the keys length and width.
func rooms(n int) Section {
	sizes := make([]struct{ length, width int }, n)
	s := make(Section, n)
	for i := range s {
		to := &sizes[i]
		s[i] = Key(fmt.Sprintf("room%d", i), Section{
			Key("length", WholeNumber(&to.length, 1, 9)),
			Key("width", WholeNumber(&to.width, 1, 9)),
		})
	}
	return s
}

func TestAnAliasedMistakeIsPutIntoWordsOnce(t *testing.T) {
	t.Parallel()
	const n = 50
	var b strings.Builder
	b.WriteString("room0: &r {lngth: 1}\n")
	for i := range n - 1 {
		fmt.Fprintf(&b, "room%d: *r\n", i+1)
	}
	schema, asked := rooms(n), 0
	r := NewReport("house.yml", func() Vocabulary { asked++; return Vocabulary{} })
	root := Parse([]byte(b.String()), r, "room0")
	schema.Decode(NewScope(r, NewFiles("")).Cursor(root), root)
	assert.Equal(t, n, r.Found())
	require.ErrorContains(t, r.Err(), `house.yml:1: room49.lngth: unknown key, did you mean "length"?`)
	assert.Len(t, r.words.said, 1)
	assert.Equal(t, 1, asked)
}

func TestAFileThatIsEmptyNamesTheKeyThatItNeeds(t *testing.T) {
	t.Parallel()
	r := NewReport("house.yml", nil)
	assert.Nil(t, Parse([]byte("# nothing\n"), r, "room0"))
	assert.EqualError(t, r.Err(), "house.yml:1: the file is empty: it needs at least the key room0")
}

func TestAnUnknownKeyIsLookedForInTheWholeVocabulary(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"lengths":  "unknown key, did you mean \"length\"?",
		"roof":     "unknown key here, roof is a key of a house",
		"height":   "unknown key here, roof.height is a key of a house",
		"BREADTH_": "unknown key, here it is room0.width",
		"door":     "unknown key",
	} {
		w := newWording(Vocabulary{
			Places:  []Place{{Of: "a house", Keys: Section{Field{"roof", Section{Field{"height", nil}}}}}},
			Foreign: map[string]string{"breadth": "room0.width"},
		})
		assert.Equal(t, want, w.unknownKey(key, Section{Field{"length", nil}, Field{"width", nil}}), key)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"rate", "rate", 0}, {"rte", "rate", 1},
		{"raate", "rate", 1}, {"rase", "rate", 1}, {"raet", "rate", 1}, {"host", "reuse", 4},
	} {
		assert.Equal(t, test.want, distance(test.a, test.b), "%q and %q", test.a, test.b)
	}
}

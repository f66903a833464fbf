package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rooms is a schema of a file of so many mappings: room0, room1 and so on, each with the keys
// length and width.
func rooms(n int) section {
	sizes := make([]struct{ length, width int }, n)
	s := make(section, n)
	for i := range s {
		to := &sizes[i]
		s[i] = key(fmt.Sprintf("room%d", i), section{
			key("length", wholeNumber(&to.length, 1, 9)),
			key("width", wholeNumber(&to.width, 1, 9)),
		})
	}
	return s
}

func TestAnAliasedMistakeIsPutIntoWordsOnce(t *testing.T) {
	t.Parallel()
	const n = 50
	var b strings.Builder
	b.WriteString("room0: &r {lenght: 1}\n")
	for i := range n - 1 {
		fmt.Fprintf(&b, "room%d: *r\n", i+1)
	}
	schema, asked := rooms(n), 0
	r := newReport("house.yml", func() vocabulary { asked++; return vocabulary{} })
	root := parseYAML([]byte(b.String()), r, "room0")
	schema.decode(newScope(r, newFileStore("")).cursor(root), root)
	assert.Equal(t, n, r.found())
	require.ErrorContains(t, r.err(), `house.yml:1: room49.lenght: unknown key, did you mean "length"?`)
	assert.Len(t, r.words.said, 1)
	assert.Equal(t, 1, asked)
}

func TestAFileThatIsEmptyNamesTheKeyThatItNeeds(t *testing.T) {
	t.Parallel()
	r := newReport("house.yml", nil)
	assert.Nil(t, parseYAML([]byte("# nothing\n"), r, "room0"))
	assert.EqualError(t, r.err(), "house.yml:1: the file is empty: it needs at least the key room0")
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
		w := newWording(vocabulary{
			places:  []keyPlaces{{of: "a house", keys: section{field{"roof", section{field{"height", nil}}}}}},
			foreign: map[string]string{"breadth": "room0.width"},
		})
		assert.Equal(t, want, w.unknownKey(key, section{field{"length", nil}, field{"width", nil}}), key)
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

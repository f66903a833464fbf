package http1

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A folded line is joined as net/http joins it, on the first response of a connection and
// on later ones, and what looks like the joined header is not taken for a repetition.
func TestFoldedLinesAreJoinedByOneSpace(t *testing.T) {
	t.Parallel()
	for fields, value := range map[string]string{
		"A: b\r\n c\r\n":                   "b c",
		"A: b\r\n\tc\r\n":                  "b c",
		"A: b \t \r\n \t c\t\r\n\td e\r\n": "b c d e",
		"A:\r\n b\r\n":                     "b",
		"A: b\r\n \t\r\n c\r\n":            "b  c",
		"A: b\tc\n\td\n":                   "b\tc d",
	} {
		raw := []byte("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n")
		for _, got := range readInTurn("GET", raw, raw, raw) {
			require.NoError(t, got.err)
			assert.Equal(t, []string{value}, got.fields["A"], "%q", fields)
		}
		assert.Equal(t, []string{value}, readAsTheyDo(raw, "GET").fields["A"], "%q, by net/http", fields)
	}
	folded := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: a\r\n b\r\n\r\n")
	alike := []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: a b b\r\n\r\n")
	for i, got := range readInTurn("GET", folded, folded, alike, folded, alike) {
		assert.Equal(t, []string{[]string{"a b", "a b", "a b b", "a b", "a b b"}[i]}, got.fields["A"])
	}
}

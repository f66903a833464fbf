package form

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, content, want, mistake string }{
		{"a line as it is", "secret", "secret", ""},
		{"a line with its end", "secret\n", "secret", ""},
		{"a line with the end of another system", "secret\r\n", "secret", ""},
		{"spaces may belong to it", " se cret \n", " se cret ", ""},
		{"any other characters may, too", "sécret: \xff", "sécret: \xff", ""},
		{"the longest", strings.Repeat("x", MaxSecretSize), strings.Repeat("x", MaxSecretSize), ""},
		{"one that is too long", strings.Repeat("x", MaxSecretSize+1), "", "larger than 64KiB"},
		{"nothing", "", "", "it is empty"},
		{"only the end of a line", "\r\n", "", "it is empty"},
		{"two ends", "secret\n\n", "", "it has more than one line, or other control characters"},
		{"a header of one's own", "secret\r\nX: y", "", "it has more than one line, or other control characters"},
		{"a tab", "sec\tret", "", "it has more than one line, or other control characters"},
		{"delete", "secret\x7f", "", "it has more than one line, or other control characters"},
		{"UTF-16", "s\x00e\x00", "", "it has more than one line, or other control characters"},
		{"a byte order mark", "\ufeffsecret", "", "it has more than one line, or other control characters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseSecret([]byte(test.content))
			assert.Equal(t, test.want, got)
			if test.mistake == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, test.mistake)
		})
	}
}

package imports

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAShellTextIsTakenApartAsAShellDoes(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][][]string{
		"":                         nil,
		"a b  c\t d":               {{"a", "b", "c", "d"}},
		"a 'b c' \"d e\" f\\ g":    {{"a", "b c", "d e", "f g"}},
		"a'b'\"c\"d ''":            {{"abcd", ""}},
		"a \\\n b\\\nc":            {{"a", "bc"}},
		"a \\\r\n b":               {{"a", "b"}},
		"a '\\n' \"\\n\\$\\\"\"":   {{"a", "\\n", "\\n$\""}},
		"a \"b\\\nc\"":             {{"a", "bc"}},
		`a $'b\'\n\t\\\x41\101'`:   {{"a", "b'\n\t\\AA"}},
		`a $'\u00e9\ud83d\ude00'`:  {{"a", "é😀"}},
		`a $'\u12 \U0001F600 \q'`:  {{"a", "\x12 😀 \\q"}},
		`a $"b c"`:                 {{"a", "b c"}},
		"a # b c\nd#e":             {{"a"}, {"d#e"}},
		"a; b && c || d & e\nf":    {{"a"}, {"b"}, {"c"}, {"d"}, {"e"}, {"f"}},
		"a b | jq . -r\nc":         {{"a", "b"}, {"c"}},
		"a b | c | d && e; f":      {{"a", "b"}, {"f"}},
		"a > x 2>&1 b 2>/dev/null": {{"a", "b"}},
		"a >'x y' b 3>z 4 < in":    {{"a", "b", "4"}},
		"a $B \"${C}\" $(d) `e` $": {{"a", "$B", "${C}", "$(d)", "`e`", "$"}},
		"a 'é'é":                   {{"a", "éé"}},
	} {
		commands, err := splitShell(source)
		require.NoError(t, err, source)
		var got [][]string
		for _, c := range commands {
			got = append(got, c.words)
		}
		assert.Equal(t, want, got, "%q", source)
	}
}

func TestCommandsKnowTheirLines(t *testing.T) {
	t.Parallel()
	commands, err := splitShell("\n# x\na 'b\nc'\n\n d \\\n e\n")
	require.NoError(t, err)
	require.Len(t, commands, 2)
	assert.Equal(t, 3, commands[0].line)
	assert.Equal(t, 6, commands[1].line)
}

// Any words are the same after quoting.
func FuzzShell(f *testing.F) {
	for _, s := range []string{"", "a", "it's", "\\", "\n", "$x `y`", "é\x00\xff", "'\"#;|&<>"} {
		f.Add(s, "b")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		_, _ = splitShell(first) // it may be an error, but must not panic
		single := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
		double := func(s string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(s) + `"`
		}
		for _, quoted := range []func(string) string{single, double} {
			commands, err := splitShell(quoted(first) + " " + quoted(second))
			require.NoError(t, err)
			require.Len(t, commands, 1)
			require.Equal(t, []string{first, second}, commands[0].words)
		}
	})
}

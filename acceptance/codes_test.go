package acceptance

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/internal/command"
	"example.com/prober/internal/docs"
)

// The output, the page and the table must agree. A test of package prober compares prober_error_code_info with the same
// table.
func TestCodesPrintsTheTable(t *testing.T) {
	t.Parallel()
	text := docs.Page(t, "docs/error-codes.md")
	lines := strings.Split(strings.TrimSpace(outputOf(t, "codes")), "\n")[1:]
	for code := range errcode.All() {
		require.NotEmpty(t, lines, "%d is missing", code)
		columns := strings.Fields(lines[0])
		lines = lines[1:]
		require.GreaterOrEqual(t, len(columns), 3)
		assert.Equal(t, []string{code.String(), code.Range().String(), code.Name()}, columns[:3])
		assert.Equal(t, code.Meaning(), strings.Join(columns[3:], " "))

		explained := outputOf(t, "codes", code.String())
		assert.Equal(t, explained, outputOf(t, "codes", code.Name()))
		for _, words := range []string{code.Meaning(), code.Help().Happened, code.Help().Causes, code.Help().Look} {
			assert.Contains(t, explained, words)
		}
		if _, own, found := strings.Cut(text, "\n### "+code.String()+"\n"); found {
			assert.True(t, strings.HasPrefix(own, "\n`"+code.Name()+"`: "+code.Meaning()+"."), "%d on the page", code)
		}
	}
	assert.Empty(t, lines, "more than the table has")
}

func TestCodesAreFoundByStatusAndByWord(t *testing.T) {
	t.Parallel()
	for status, code := range map[string]string{"503": "1503", "404": "1404", "400": "1400", "599": "1599"} {
		assert.Equal(t, outputOf(t, "codes", code), outputOf(t, "codes", status))
	}
	assert.Equal(t, outputOf(t, "codes", "1312"), outputOf(t, "codes", "cert_expired"), "a whole name is no word to look for")
	assert.Equal(t, outputOf(t, "codes", "1316"), outputOf(t, "codes", "OCSP"), "one that has the word is explained")
	for word, want := range map[string][]string{
		"cert":          {"1308", "1310", "1311", "1312", "1316", "1319", "1325", "1345"},
		"Certificate":   {"1308", "1312", "1714"},
		"GOAWAY":        {"1604", "1609", "1610", "1611", "1624"},
		"keep-alive":    {"1204", "1223", "1609"},
		"gateway":       {"1502", "1504"},
		"handshake":     {"1302", "1303", "1307", "1324"},
		"HTTP/2":        {"1600", "1632", "1664"},
		"reset by peer": nil,
	} {
		found := outputOf(t, "codes", word)
		for _, code := range want {
			assert.Contains(t, found, "\n"+code+" ", word)
		}
		if want == nil {
			assert.Equal(t, outputOf(t, "codes", "1220"), found, word)
		} else {
			assert.Less(t, len(found), len(outputOf(t, "codes")), word)
		}
	}
	for _, nothing := range []string{"200", "399", "600", "1399", "-1", "certt", "0x5"} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, command.ExitUsage, command.Run(t.Context(), []string{"codes", "--", nothing}, &stdout, &stderr))
		assert.Empty(t, stdout.String())
		assert.Contains(t, stderr.String(), "prober codes lists all")
	}
}

func outputOf(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Zero(t, command.Run(t.Context(), args, &stdout, &stderr), "%s", &stderr)
	return stdout.String()
}

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

// What is printed, what is on the page, and what is in the table must be one. A
// test of package prober holds prober_error_code_info to the same table.
func TestCodesPrintsTheTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/error-codes.md")
	require.NoError(t, err)
	text := string(page)
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

func outputOf(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), args, &stdout, &stderr), "%s", &stderr)
	return stdout.String()
}

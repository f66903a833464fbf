package grpc

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/content"
	"example.com/prober/prober/probe"
)

// FuzzAnswer gives the same content to two answers, cut in two ways: the results must be
// the same.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		"", framed(0, serving), framed(0, "") + framed(0, serving), framed(1, zipped(serving)), framed(2, "x"),
		framed(0, serving)[:4], framed(0, strings.Repeat("x", 100)), "<html>", "\x00\xff\xff\xff\xff", framed(1, ""),
	} {
		f.Add(seed, uint8(1), true, true)
		f.Add(seed, uint8(3), false, false)
	}
	keeps, err := content.NewPlan(content.Options{Check: func([]byte) error { return nil }, MaxBody: 64})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, text string, step uint8, gzip, looks bool) {
		come := func(size int) (*answer, error) {
			a := new(answer)
			a.begin(keeps.Keep(nil), 64, looks)
			a.isGRPC, a.gzip = true, gzip
			for rest := []byte(text); len(rest) > 0; {
				n := min(size, len(rest))
				if err := a.Data(rest[:n], probe.Arrival{Read: 1}); err != nil {
					return a, err
				}
				rest = rest[n:]
			}
			return a, nil
		}
		whole, err := come(max(len(text), 1))
		cut, cutErr := come(max(int(step), 1))
		assert.Equal(t, err, cutErr)
		assert.Equal(t, whole.messages, cut.messages)
		assert.Equal(t, whole.isTorn(), cut.isTorn())
		assert.Equal(t, string(whole.kept.Body), string(cut.kept.Body))
		assert.LessOrEqual(t, len(whole.kept.Body), 64)
	})
}

// FuzzTold feeds responses of reflection and of the health service to their parsers.
func FuzzTold(f *testing.F) {
	for _, seed := range []string{"", serving, field(4, field(1, "file")), field(7, field(2, "no")), "\xff", "\x0a\x05x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, told []byte) {
		files, err := filesIn(told)
		assert.True(t, err != nil || len(files) > 0)
		if err := checkHealth(told); err != nil {
			assert.NotEmpty(t, err.Error())
		}
		assert.LessOrEqual(t, len(readable(told)), len(told))
	})
}

package rig_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/internal/rig"
)

func TestOnlyTheLinesThatDifferAreShown(t *testing.T) {
	t.Parallel()
	assert.Empty(t, rig.Differing("a\nb\n", "a\nb\n"))
	assert.Equal(t, []string{"-b", "+c"}, rig.Differing("a\nb\n", "a\nc\n"))
	assert.Equal(t, []string{"-a"}, rig.Differing("a\na\nb\n", "a\nb\n"), "a line that is there once more")
	assert.Equal(t, []string{"+"}, rig.Differing("a", "a\n"), "an end of line")
	assert.Equal(t, []string{"line 2 is in another place: b"}, rig.Differing("a\nb\nc\n", "a\nc\nb\n"))
	assert.Equal(t, []string{"-x 1", "+x 2", "+z 0"}, rig.DifferingSamples(map[string]float64{"x": 1, "y": 3}, map[string]float64{"x": 2, "y": 3, "z": 0}))
	assert.Equal(t, []string{"ab 1", "cab"}, rig.LinesWith("ab 1\nx\ncab", "ab"))
}

package closed

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAFinderKeepsItsFirstError(t *testing.T) {
	t.Parallel()
	f := Finder{Text: "12 requests in 1.5ms, x"}
	assert.Equal(t, 12.0, f.Number(`(\d+) requests`))
	assert.Equal(t, 1.5e-3, f.Duration(`in (\S+),`))
	assert.NoError(t, f.Err)
	assert.Zero(t, f.Number(`(\d+) answers`))
	assert.Zero(t, f.Number(`(x)`))
	assert.EqualError(t, f.Err, `no match for (\d+) answers`)
}

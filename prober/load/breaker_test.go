package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOnlyFailuresInARowOpenTheBreaker(t *testing.T) {
	t.Parallel()
	b := Breaker{After: 3}
	now := time.Now()
	for range 5 {
		assert.False(t, b.Note(true, now))
		assert.False(t, b.Note(true, now))
		assert.False(t, b.Note(false, now))
	}
	b.Note(true, now)
	b.Note(true, now)
	assert.True(t, b.Note(true, now), "opened")
	assert.False(t, b.Note(true, now))
	assert.True(t, b.Note(false, now), "closed")
	assert.False(t, (&Breaker{}).Note(true, now), "without a configuration it never opens")
}

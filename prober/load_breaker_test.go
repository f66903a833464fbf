package prober

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestOnlyFailuresInARowOpenTheBreaker(t *testing.T) {
	t.Parallel()
	b := breaker{After: 3}
	now := time.Now()
	for range 5 {
		assert.False(t, b.note(true, now))
		assert.False(t, b.note(true, now))
		assert.False(t, b.note(false, now))
	}
	b.note(true, now)
	b.note(true, now)
	assert.True(t, b.note(true, now), "opened")
	assert.False(t, b.note(true, now))
	assert.True(t, b.note(false, now), "closed")
	assert.False(t, (&breaker{}).note(true, now), "without a configuration it never opens")
}

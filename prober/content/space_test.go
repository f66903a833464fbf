package content

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSpaceIsUsedAgainAndBounded(t *testing.T) {
	t.Parallel()
	s := space{most: 1 << 20}
	one, ok := s.lend(100<<10, 300<<10)
	require.True(t, ok)
	assert.Equal(t, 128<<10, cap(one))
	two, ok := s.lend(300<<10, 300<<10)
	require.True(t, ok)
	assert.Equal(t, 300<<10, cap(two))
	_, ok = s.lend(700<<10, 700<<10)
	assert.False(t, ok, "more than there is")
	assert.Equal(t, 428<<10, s.used())

	s.giveBack(one[:10])
	s.giveBack(two)
	assert.Zero(t, s.used())
	again, ok := s.lend(65<<10, 1<<20)
	require.True(t, ok)
	assert.Same(t, &one[:1][0], &again[:1][0])
	assert.Empty(t, again)
	all, ok := s.lend(800<<10, 800<<10)
	require.True(t, ok, "what is free makes way")
	assert.Equal(t, 928<<10, s.held)
	s.giveBack(all)
	s.giveBack(again)
	assert.Len(t, s.free, 2)
}

func TestSpaceWithoutACeilingIsNotKeptForEver(t *testing.T) {
	t.Parallel()
	var s space
	var lent [][]byte
	for range 20 {
		p, ok := s.lend(1<<20, 1<<20)
		require.True(t, ok)
		lent = append(lent, p)
	}
	for _, p := range lent {
		s.giveBack(p)
	}
	assert.Zero(t, s.used())
	assert.LessOrEqual(t, s.held, mostFree+1<<20)
}

// farBack returns a body of size bytes that begins and ends with the same noise: its end
// refers back as far as possible.
func farBack(size, noisy int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	body := make([]byte, size)
	for i := range noisy {
		body[i] = byte(random.Uint32())
	}
	copy(body[size-noisy:], body[:noisy])
	return body
}

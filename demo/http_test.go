package demo

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestSlowDelaysHaveExactlyTheirSharesInAnyHundredRequests(t *testing.T) {
	t.Parallel()
	want := map[time.Duration]int{
		5 * time.Millisecond:   50,
		20 * time.Millisecond:  40,
		100 * time.Millisecond: 9,
		500 * time.Millisecond: 1,
	}
	for _, first := range []uint64{0, 1, 57, 100, 12345} {
		got := make(map[time.Duration]int)
		for n := range uint64(100) {
			got[slowDelay(first+n)]++
		}
		assert.Equal(t, want, got, "from request %d", first)
	}
}

func TestAPauseHoldsAllWhoArriveUntilItsEnd(t *testing.T) {
	t.Parallel()
	var p pauser
	now := time.Unix(1000, 0)
	arrive := func(after time.Duration) time.Duration { return p.delay(now.Add(after)) }

	for range pauseEvery/2 - 1 {
		assert.LessOrEqual(t, arrive(0), time.Duration(0))
	}
	assert.Equal(t, pauseTime, arrive(0), "the request that starts the pause")
	assert.Equal(t, pauseTime-100*time.Millisecond, arrive(100*time.Millisecond))
	assert.LessOrEqual(t, arrive(pauseTime), time.Duration(0), "the pause is over")

	for range pauseEvery - 3 {
		assert.LessOrEqual(t, arrive(2*pauseTime), time.Duration(0))
	}
	assert.Equal(t, pauseTime, arrive(2*pauseTime), "the next pause, a hundred requests later")
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	assert.True(t, wait(ctx, 0))
	cancel()
	assert.False(t, wait(ctx, time.Hour))
}

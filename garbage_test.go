package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLittleMemoryLeavesRoomForGarbageAndMuchDoesNot(t *testing.T) {
	t.Parallel()
	const mebi = 1 << 20
	for inUse, percent := range map[uint64]int{
		0:          200,
		2 * mebi:   200,
		4 * mebi:   200,
		5 * mebi:   160,
		8 * mebi:   100,
		300 * mebi: 100,
	} {
		assert.Equal(t, percent, garbageAllowed(inUse), "%d MiB", inUse/mebi)
	}
}

package command

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const mebi = 1 << 20

func TestLittleMemoryLeavesRoomForGarbageAndMuchDoesNot(t *testing.T) {
	t.Parallel()
	for inUse, percent := range map[uint64]int{
		0:          200,
		2 * mebi:   200,
		4 * mebi:   200,
		5 * mebi:   160,
		8 * mebi:   100,
		300 * mebi: 100,
	} {
		assert.Equal(t, percent, garbageAllowed(inUse, inUse), "%d MiB", inUse/mebi)
	}
}

func TestMemoryWithoutPointersLeavesNoMoreRoomForGarbage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ inUse, searched, garbage uint64 }{
		{16 * mebi, 4 * mebi, 8 * mebi},
		{28 * mebi, 4 * mebi, 8 * mebi},
		{30 * mebi, 4 * mebi, 6 * mebi},
		{36 * mebi, 4 * mebi, 4 * mebi},
		{64 * mebi, 4 * mebi, 4 * mebi},
		{64 * mebi, 32 * mebi, 32 * mebi},
		{600 * mebi, 4 * mebi, 30 * mebi},
	} {
		percent := uint64(garbageAllowed(tt.inUse, tt.searched))
		assert.LessOrEqual(t, percent*tt.inUse/100, tt.garbage, "%+v", tt)
		assert.Greater(t, (percent+1)*tt.inUse/100, tt.garbage*9/10, "%+v", tt)
	}
}

func TestAPeakOfMemoryIsForgottenSlowly(t *testing.T) {
	t.Parallel()
	most := recently(0, 40*mebi)
	assert.EqualValues(t, 40*mebi, most)
	assert.EqualValues(t, 41*mebi, recently(most, 41*mebi))
	collections := 0
	for ; most > 10*mebi; collections++ {
		most = recently(most, 10*mebi)
	}
	assert.EqualValues(t, 10*mebi, most)
	assert.Equal(t, 22, collections)
}

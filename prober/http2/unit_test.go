package http2

import (
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

func TestASettingThatIsTooLargeForAnyUseIsTakenForTheLargest(t *testing.T) {
	t.Parallel()
	var h conn
	h.flow = newFlow()
	require.NoError(t, h.applySetting(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1<<32 - 1}))
	assert.EqualValues(t, maxStreamID, h.peerStreams, "which fits an int of 32 bits")
}

func TestTheFloodGaugeBoundsFramesPerTime(t *testing.T) {
	t.Parallel()
	var slow, fast floodGauge
	for i := range 10_000 {
		require.NoError(t, slow.spend(probe.Instant(1).Add(time.Duration(i)*10*time.Millisecond)), "frame %d at 100 per second", i)
	}
	var err error
	frames := 0
	for ; err == nil && frames < 10_000; frames++ {
		err = fast.spend(probe.Instant(1).Add(time.Duration(frames) * time.Second / 3000))
	}
	require.ErrorIs(t, err, errFlood, "at 3000 per second")
	assert.Less(t, frames, 2*floodBurst)
}

// panicking panics when it is written to.
type panicking struct{ io.ReadWriteCloser }

func (panicking) Write([]byte) (int, error) { panic("a bug below the engine") }

func TestAPanicOfAWriteIsAnErrorOfItsConnection(t *testing.T) {
	t.Parallel()
	assert.Equal(t, errcode.Panic, errcode.FromError(writeFrames(panicking{}, []byte("x"))))
}

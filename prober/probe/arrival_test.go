package probe

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
)

func TestAnArrivalIsAsOldAsTheKernelSays(t *testing.T) {
	t.Parallel()
	const read, now = Instant(5_000), int64(1_700_000_000_000_000_000)
	for name, c := range map[string]struct {
		wall int64
		want Instant
	}{
		"it arrived before it was read":                    {now - 300, 4_700},
		"it arrived as it was read":                        {now, 5_000},
		"the clock was set back since it arrived":          {now + 1, 0},
		"the clock was set forward by years":               {now - int64(24*365*time.Hour), 0},
		"the clock was set forward to the program's start": {now - 5_000, 0},
		"the kernel says 1970":                             {0, 0},
		"the kernel says what no clock can":                {-1 << 63, 0},
	} {
		clock := WallClock{epoch: now - int64(read)}
		assert.Equal(t, Arrival{Read: read, Kernel: c.want, Asked: true}, clock.arrival(read, c.wall), name)
	}
	before := Now()
	a := new(WallClock).Arrival(time.Now().UnixNano())
	assert.GreaterOrEqual(t, a.Kernel, before-Instant(time.Second), "the clock of the system was not set meanwhile")
	assert.LessOrEqual(t, a.Kernel, a.Read)
}

func TestAWallClockThatIsSetIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	wall := func() int64 { return time.Now().UnixNano() }
	for name, c := range map[string]struct{ epoch, again Instant }{
		"it was never looked at":            {0, 0},
		"it was looked at a while ago":      {-Instant(time.Hour), 1},
		"it was set forward since":          {-Instant(time.Hour), Never},
		"it was set forward by a moment":    {-Instant(time.Second), Never},
		"it is what it was, and will be so": {0, Never},
	} {
		now := time.Now()
		clock := WallClock{epoch: now.UnixNano() - int64(At(now)) + int64(c.epoch), again: c.again}
		before := Now()
		a := clock.Arrival(wall())
		assert.LessOrEqual(t, a.Kernel, a.Read, name)
		assert.GreaterOrEqual(t, a.Kernel, before-Instant(time.Millisecond), name)
	}
}

// sentAt100 returns the result of a request whose sending began at 100.
func sentAt100(untilSent Instant) *Result {
	r := new(Result)
	r.Reset(10, 1_000_000)
	r.Start = 50
	r.Begin()
	r.EnterAt(errcode.PhaseSend, 100)
	r.EnterAt(errcode.PhaseProcessing, untilSent)
	return r
}

func TestAnAnswerArrivesByTheClockThatCanBeTrue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		arrival Arrival
		want    Instant
		clock   Clock
		lag     time.Duration
	}{
		"the program's, where the kernel was not asked": {Arrival{Read: 300}, 300, ByProgram, 0},
		"the kernel's":                           {Arrival{Read: 300, Kernel: 250, Asked: true}, 250, ByKernel, 50},
		"while the program was still sending":    {Arrival{Read: 300, Kernel: 150, Asked: true}, 150, ByKernel, 150},
		"as the program began to send":           {Arrival{Read: 300, Kernel: 100, Asked: true}, 100, ByKernel, 200},
		"it cannot have come before it was sent": {Arrival{Read: 300, Kernel: 99, Asked: true}, 300, ByDefault, 0},
		"the kernel did not say":                 {Arrival{Read: 300, Asked: true}, 300, ByDefault, 0},
	} {
		r := sentAt100(200)
		assert.Equal(t, c.want, r.Arrived(c.arrival), name)
		assert.Equal(t, c.clock, r.Clock, name)
		assert.Equal(t, c.lag, r.ReceiveLag, name)
	}
	r := sentAt100(200)
	r.Arrived(Arrival{Read: 300, Asked: true})
	r.Arrived(Arrival{Read: 400, Kernel: 390, Asked: true})
	assert.Equal(t, ByDefault, r.Clock, "one part without a time is enough")
	r.EnterAt(errcode.PhaseSend, 500)
	assert.Equal(t, ByProgram, r.Clock, "the next exchange begins anew")
}

func TestAnAnswerThatCameWhileItsRequestWasSentCutsThatShort(t *testing.T) {
	t.Parallel()
	r := sentAt100(200)
	r.EnterSince(errcode.PhaseTransfer, r.Arrived(Arrival{Read: 320, Kernel: 160, Asked: true}))
	r.Finish(170)
	for phase, want := range map[errcode.Phase]time.Duration{
		errcode.PhaseQueue: 90, errcode.PhaseSend: 60, errcode.PhaseProcessing: 0, errcode.PhaseTransfer: 10,
	} {
		got, was := r.Phase(phase)
		assert.True(t, was, phase)
		assert.Equal(t, want, got, phase)
	}
	assert.Equal(t, time.Duration(160), r.Duration())
}

// Whatever the kernel says about the parts of an answer, no phase is negative, and the sum
// of all phases is the time of the request.
func TestNoPhaseIsNegativeWhateverTheKernelSays(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 5_000 {
		r := sentAt100(100 + Instant(rng.IntN(100)))
		read := r.Since()
		last := r.Since()
		for part := range 1 + rng.IntN(4) {
			read += Instant(rng.IntN(100))
			a := Arrival{Read: read, Asked: rng.IntN(4) > 0}
			if a.Asked && rng.IntN(4) > 0 {
				a.Kernel = max(0, read-Instant(rng.IntN(400)))
			}
			at := r.Arrived(a)
			if part == 0 {
				r.EnterSince(errcode.PhaseTransfer, at)
			}
			last = max(at, r.Since())
		}
		r.Finish(last)
		var sum time.Duration
		for p := errcode.PhaseQueue; p < errcode.NumPhases; p++ {
			d, _ := r.Phase(p)
			require.GreaterOrEqual(t, d, time.Duration(0), "phase %v, seed %d", p, seed)
			sum += d
		}
		require.Equal(t, r.Duration(), sum, "seed %d", seed)
		require.GreaterOrEqual(t, r.ReceiveLag, time.Duration(0), "seed %d", seed)
	}
}

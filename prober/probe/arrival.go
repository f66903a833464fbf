package probe

import (
	"time"

	"example.com/prober/errcode"
)

// Clock says by which clock the end of an answer was taken.
type Clock uint8

const (
	// ByProgram is the program's: when it had read the last byte.
	ByProgram Clock = iota
	// ByKernel is the kernel's: when the last byte arrived.
	ByKernel
	// ByDefault is the program's, because the kernel, which was asked, did not say when
	// the bytes arrived, or said what cannot be true.
	ByDefault
)

// Arrival is when the bytes of one read came.
type Arrival struct {
	// Read is when the program had read them.
	Read Instant
	// Kernel is when the last of them arrived by the kernel's clock, 0 if it did not say so.
	Kernel Instant
	// Asked reports whether the kernel was asked.
	Asked bool
}

// WallClock turns the times of the kernel, which are those of the wall clock, into Instants. It
// is for one goroutine at a time.
type WallClock struct {
	// epoch is what the wall clock said, in nanoseconds since 1970, at the Instant 0. It is
	// looked up again at the Instant again.
	epoch int64
	again Instant
}

// wallClockLasts is for how long a WallClock does not look whether the wall clock was set. In
// that time, one that was set back by less than an answer takes makes it seem quicker.
const wallClockLasts = Instant(10 * time.Millisecond)

// Arrival returns the arrival of bytes that were read just now, which the kernel says
// arrived at wall, in nanoseconds since 1970. That the clock was set since shows in that they
// arrived later than they were read, or, as [Result.Arrived] sees, before they were asked for.
func (c *WallClock) Arrival(wall int64) Arrival {
	read := Now()
	if read >= c.again || Instant(wall-c.epoch) > read {
		c.look()
	}
	return c.arrival(read, wall)
}

// look compares both clocks. A thread can be set aside after it has read one of them: the
// closest of some readings counts.
func (c *WallClock) look() {
	const tries, closeEnough = 5, Instant(time.Microsecond)
	closest := Never
	for range tries {
		before := Now()
		now := time.Now() // the wall clock, and then the other
		after := At(now)
		if apart := after - before; apart < closest {
			closest = apart
			c.epoch, c.again = now.UnixNano()-int64(after), after+wallClockLasts
		}
		if closest < closeEnough {
			return
		}
	}
}

// arrival is Arrival for a read at the Instant read, without looking at the wall clock.
func (c *WallClock) arrival(read Instant, wall int64) Arrival {
	a := Arrival{Read: read, Asked: true}
	if at := Instant(wall - c.epoch); 0 < at && at <= read {
		a.Kernel = at
	}
	return a
}

// Arrived notes the arrival of a part of the answer, and returns when that was: by the
// kernel's clock if that can be, which is not before the request began to be sent, and by
// the program's otherwise.
func (r *Result) Arrived(a Arrival) Instant {
	if !a.Asked {
		return a.Read
	}
	if a.Kernel >= r.sending && a.Kernel != 0 {
		if r.Clock != ByDefault {
			r.Clock, r.ReceiveLag = ByKernel, a.Read.Sub(a.Kernel)
		}
		return a.Kernel
	}
	r.Clock, r.ReceiveLag = ByDefault, 0
	if a.Read >= r.sending {
		return a.Read
	}
	return Now() // it was read together with what came before
}

// EnterSince is EnterAt for the phase of the answer, which may have begun before the program
// noted that the request was sent. Then the current phase has lasted for no time, and the one
// before it until the answer began.
func (r *Result) EnterSince(p errcode.Phase, at Instant) {
	at = max(at, r.sending, r.earlier)
	if at < r.since {
		r.phases[r.before] -= r.since.Sub(at)
		r.since = at
	}
	r.EnterAt(p, at)
}

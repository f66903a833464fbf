package probe

import (
	"time"

	"example.com/prober/errcode"
)

// Clock says which clock took the end of an answer.
type Clock uint8

const (
	// ByProgram is the program's clock: when it had read the last byte.
	ByProgram Clock = iota
	// ByKernel is the kernel's clock: when the last byte arrived.
	ByKernel
	// ByDefault is the program's clock, because the kernel was asked and gave no time, or an
	// impossible one.
	ByDefault
)

// Arrival is when the bytes of one read came.
type Arrival struct {
	// Read is when the program had read them.
	Read Instant
	// Kernel is when the last of them arrived by the kernel's clock; 0 if unknown.
	Kernel Instant
	// Asked reports whether the kernel was asked.
	Asked bool
}

// WallClock turns times of the kernel, which are wall clock times, into Instants. It is for one
// goroutine at a time.
type WallClock struct {
	// epoch is the wall clock time at the Instant 0, in nanoseconds since 1970. It is looked up
	// again at the Instant again.
	epoch int64
	again Instant
}

// wallClockLasts is how long a WallClock does not check whether the wall clock was set. If the
// clock is set back in that time, by less than an answer takes, the answer seems quicker.
const wallClockLasts = Instant(10 * time.Millisecond)

// Arrival returns the arrival of bytes that were read just now. According to the kernel they
// arrived at wall, in nanoseconds since 1970. If the clock was set since, they seem to have
// arrived later than they were read, or before they were asked for; [Result.Arrived] checks the
// latter.
func (c *WallClock) Arrival(wall int64) Arrival {
	read := Now()
	if read >= c.again || Instant(wall-c.epoch) > read {
		c.look()
	}
	return c.arrival(read, wall)
}

// look compares both clocks. A thread can lose its processor between reading one clock and the
// other, so the closest of several readings counts.
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

// arrival is Arrival for a read at the Instant read, without a look at the wall clock.
func (c *WallClock) arrival(read Instant, wall int64) Arrival {
	a := Arrival{Read: read, Asked: true}
	if at := Instant(wall - c.epoch); 0 < at && at <= read {
		a.Kernel = at
	}
	return a
}

// Arrived notes the arrival of a part of the answer, and returns its time. It uses the kernel's
// clock if its time is possible: not before the request began to be sent. Otherwise it uses the
// program's clock.
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
	return Now() // it was read together with earlier bytes
}

// EnterSince is EnterAt for the phase of the answer. That phase may have begun before the
// program noted that the request was sent. Then the current phase has lasted for no time, and
// the phase before it until the answer began.
func (r *Result) EnterSince(p errcode.Phase, at Instant) {
	at = max(at, r.sending, r.earlier)
	if at < r.since {
		r.phases[r.before] -= r.since.Sub(at)
		r.since = at
	}
	r.EnterAt(p, at)
}

package load

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Capacity says whether the workers of an open burst can keep up with its rate.
type Capacity struct {
	// Rate is the highest rate of the burst, in requests per second of this prober. It is
	// 0 for a closed burst: its rate follows the answers.
	Rate float64
	// Answer is the average time of a request from its start to its end; 0 if unknown.
	Answer time.Duration
	// Has is how many workers there are.
	Has int
}

// Needs returns how many workers would keep up, 0 if nothing is known. It uses the time of
// an answer as shown: the measurement is not finer.
func (c Capacity) Needs() int {
	const rounding = 1e-9
	return int(min(math.Ceil(c.Rate*c.shown().Seconds()-rounding), math.MaxInt32))
}

// shown returns the time of an answer to a hundredth of a second, or to two digits below a
// tenth.
func (c Capacity) shown() time.Duration {
	step := 10 * time.Millisecond
	for step > 1 && c.Answer < 10*step {
		step /= 10
	}
	return c.Answer.Round(step)
}

// IsShort reports whether there are too few workers.
func (c Capacity) IsShort() bool { return c.Needs() > c.Has }

// String returns the capacity as "50/s × 0.40 s needs 20 workers, has 5".
func (c Capacity) String() string {
	unit := "workers"
	if c.Needs() == 1 {
		unit = "worker"
	}
	seconds := fmt.Sprintf("%.2f", c.shown().Seconds())
	if c.shown() < 100*time.Millisecond {
		seconds = strconv.FormatFloat(c.shown().Seconds(), 'f', -1, 64)
	}
	return fmt.Sprintf("%s/s × %s s needs %d %s, has %d", strconv.FormatFloat(math.Round(c.Rate*100)/100, 'f', -1, 64), seconds, c.Needs(), unit, c.Has)
}

// Slowest returns the capacity of the target's bursts if each request takes all of its
// timeout. It is zero for a closed burst, and for one with no more requests than workers.
func (l *Target) Slowest(timeout time.Duration, part Part) Capacity {
	b := &l.Burst
	if !b.IsOpen() {
		return Capacity{}
	}
	p := NewPacer(b, l.Name, 0, part)
	c := Capacity{Rate: p.peak() / float64(p.of), Answer: timeout, Has: b.Concurrency}
	if p.Mean()/float64(p.of) <= float64(b.Concurrency) {
		return Capacity{}
	}
	return c
}

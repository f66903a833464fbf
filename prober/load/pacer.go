package load

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"
)

// Pacer is the plan of an open burst: when each of its arrivals is due, whatever the target
// does. It is pure arithmetic on the burst's definition.
//
// An arrival has a place x on the axis of the expected number of arrivals. The places are 0, 1,
// 2 … for constant arrivals. For a Poisson process, the distances between places are
// exponentially distributed. The rate over time turns the place into the moment of so many
// expected arrivals: a straight line for a constant rate, and a parabola for a ramp.
type Pacer struct {
	stages []stage
	// limit is the greatest number of arrivals, end is when no more are due.
	limit int64
	end   time.Duration
	// seed makes the places random; nil leaves them even.
	seed *[2]uint64
	// Arrivals with k mod of = shard belong to this process. If side is not 0, the process has
	// one of each pair instead.
	shard, of int64
	side      int64
}

// stage is a time in which the rate goes in a straight line from one value to another, in
// arrivals per second.
type stage struct {
	start    time.Duration
	seconds  float64 // its length; +Inf for a rate that stays
	from, to float64
	place    float64 // the expected number of arrivals before it
}

// NewPacer compiles the plan of b. Two plans with the same burst, name and slot are the same on
// every machine.
func NewPacer(b *Burst, name string, slot int64, part Part) *Pacer {
	if part.side != 0 {
		return newSidePacer(b, name, slot, part.side)
	}
	p := &Pacer{limit: math.MaxInt64, end: math.MaxInt64, shard: part.ordinal, of: part.total}
	if b.Requests > 0 {
		p.limit = int64(b.Requests)
	}
	if b.Duration > 0 {
		p.end = b.Duration
	}
	if b.Poisson {
		p.seed = &[2]uint64{hashName(name), uint64(slot)}
	}
	if len(b.Stages) == 0 {
		p.stages = []stage{{seconds: math.Inf(1), from: b.Rate, to: b.Rate}}
		return p
	}
	p.stages = compileStages(b.Stages)
	last := p.stages[len(p.stages)-1]
	p.end = min(p.end, last.start+time.Duration(last.seconds*float64(time.Second)))
	return p
}

// compileStages chains the stages: each begins at the last rate of the stage before, the first
// at 0. A stage without duration jumps to its rate.
func compileStages(stages []Stage) []stage {
	compiled := make([]stage, len(stages))
	var start time.Duration
	rate, place := 0.0, 0.0
	for i, s := range stages {
		c := stage{start: start, seconds: s.Duration.Seconds(), from: rate, to: s.Rate, place: place}
		compiled[i] = c
		start += s.Duration
		rate = s.Rate
		place += c.arrivals()
	}
	return compiled
}

// arrivals is the expected number of arrivals of the stage: the area under it.
func (s stage) arrivals() float64 { return (s.from + s.to) / 2 * s.seconds }

// due returns the moment of x expected arrivals of the stage, in seconds after its start: the
// root of from·t + (to-from)/(2·seconds)·t² = x, in the form that stays exact when the quadratic
// term vanishes.
func (s stage) due(x float64) float64 {
	if x <= 0 {
		return 0
	}
	slope := (s.to - s.from) / s.seconds
	return 2 * x / (s.from + math.Sqrt(max(s.from*s.from+2*slope*x, 0)))
}

// due returns when the arrival at place x is due after the burst's start.
func (p *Pacer) due(x float64) time.Duration {
	last := len(p.stages) - 1
	for i, s := range p.stages {
		if i < last && x >= p.stages[i+1].place {
			continue
		}
		if i == last && x >= s.place+s.arrivals() {
			return math.MaxInt64
		}
		return s.start + time.Duration(math.Round(s.due(x-s.place)*float64(time.Second)))
	}
	return math.MaxInt64
}

// cursor points at one arrival of a plan. It is a value: a copy moves independently.
type cursor struct {
	k      int64
	x      float64
	at     time.Duration // due time after the burst's start
	random rand.PCG
}

// first returns a cursor at the first arrival of this process.
func (p *Pacer) first() cursor {
	var c cursor
	if p.seed != nil {
		c.random.Seed(p.seed[0], p.seed[1])
		c.x = c.gap()
	}
	c.at = p.due(c.x)
	for !p.isOwn(c.k) && !p.done(&c) {
		p.step(&c)
	}
	return c
}

// next moves c to the next arrival of this process.
func (p *Pacer) next(c *cursor) {
	p.step(c)
	for !p.isOwn(c.k) && !p.done(c) {
		p.step(c)
	}
}

// isOwn reports whether the arrival k belongs to this process.
func (p *Pacer) isOwn(k int64) bool {
	if p.side != 0 {
		return isOfSide(k, p.side)
	}
	return k%p.of == p.shard
}

// done reports whether c is past the last arrival.
func (p *Pacer) done(c *cursor) bool { return c.k >= p.limit || c.at >= p.end }

// remaining returns how many arrivals of this process there are from c on, on average if they
// are random; 0 if they never end.
func (p *Pacer) remaining(c *cursor) uint64 {
	if p.done(c) {
		return 0
	}
	total := p.Mean()
	if total >= math.MaxInt64 {
		return 0
	}
	if p.seed != nil {
		left := min((total-c.x)/float64(p.of), float64(p.limit-c.k))
		return uint64(math.Round(max(left, 1)))
	}
	// The mean may be above the number because of rounding or of a plan that ends early.
	most := min(int64(math.Ceil(total))+1, p.limit) - c.k
	left := sort.Search(int(most), func(i int) bool { return p.due(float64(c.k+int64(i))) >= p.end })
	if p.side != 0 { // the pair of c counts as one, and this side's arrival may come first or last
		return uint64((int64(left) + c.k%2 + 1) / 2)
	}
	return uint64((int64(left) + p.of - 1) / p.of)
}

func (p *Pacer) step(c *cursor) {
	c.k++
	if p.seed == nil {
		c.x = float64(c.k)
	} else {
		c.x += c.gap()
	}
	c.at = p.due(c.x)
}

// gap returns the distance to the next arrival of a Poisson process of rate 1.
func (c *cursor) gap() float64 {
	const unit = 1.0 / (1 << 53)
	uniform := float64(c.random.Uint64()>>11) * unit // [0, 1)
	return -math.Log1p(-uniform)
}

// Mean returns how many arrivals the whole plan has for all shards together: exactly if they are
// constant, on average if they are random.
func (p *Pacer) Mean() float64 {
	n := p.place(p.end)
	if p.seed == nil && !math.IsInf(n, 1) {
		n = p.count(n)
	}
	return min(n, float64(p.limit))
}

// place returns how many arrivals are expected before at: the area below the rate up to there.
func (p *Pacer) place(at time.Duration) float64 {
	last := p.stages[len(p.stages)-1]
	if at == math.MaxInt64 && math.IsInf(last.seconds, 1) {
		return math.Inf(1)
	}
	for _, s := range slices.Backward(p.stages) {
		if at >= s.start {
			return s.place + s.before((at - s.start).Seconds())
		}
	}
	return 0
}

// before returns how many arrivals of the stage are expected in so many seconds from its start.
func (s stage) before(seconds float64) float64 {
	if seconds >= s.seconds {
		return s.arrivals()
	}
	slope := (s.to - s.from) / s.seconds
	return (s.from + slope*seconds/2) * seconds
}

// count returns how many constant arrivals are due before the end of the plan, about n. An
// arrival due at the end itself does not count. n alone cannot decide this: rounding may have
// put it on either side.
func (p *Pacer) count(n float64) float64 {
	count := math.Ceil(n)
	for count > 0 && p.due(count-1) >= p.end {
		count--
	}
	for p.due(count) < p.end {
		count++
	}
	return count
}

// peak returns the highest rate of the plan in arrivals per second, up to its end.
func (p *Pacer) peak() float64 {
	highest := 0.0
	for _, s := range p.stages {
		if s.seconds == 0 || s.start >= p.end {
			continue
		}
		highest = max(highest, s.from, s.rateAfter((p.end - s.start).Seconds()))
	}
	return highest
}

// rateAfter returns the rate so many seconds after the start of the stage, or the rate at its
// end.
func (s stage) rateAfter(seconds float64) float64 {
	if seconds >= s.seconds || s.from == s.to {
		return s.to
	}
	return s.from + (s.to-s.from)*seconds/s.seconds
}

// lastDue returns when the last arrival is due after the burst's start, on average for random
// arrivals.
func (p *Pacer) lastDue() time.Duration { return min(p.due(max(p.Mean()-1, 0)), p.end) }

// length returns the time from the start of the burst until its last arrival is due, or until
// the end of its schedule if that comes first; on average for random arrivals.
func (p *Pacer) length() time.Duration {
	if p.limit == math.MaxInt64 {
		return p.end
	}
	return min(p.end, p.due(float64(p.limit)))
}

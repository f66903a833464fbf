package prober

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/compare"
	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

const (
	// standingSlots is the number of parts of a comparison's window. It bounds the memory for counts, however
	// many requests there are.
	standingSlots = 60
	// comparePause is how long a result stays at least: targets may have many bursts a second.
	comparePause = time.Second
)

// standing is a comparison of two targets that goes on as long as both do. It counts requests as they end. They
// become part of the comparison with the end of their burst. Only then is a new result made, not for each
// scrape.
type standing struct {
	cfg config.Compare
	// targets are the configurations of both: counts under another configuration say nothing.
	targets [2]config.Target
	result  atomic.Pointer[numbers.Comparison]

	mu    sync.Mutex
	sides [2]standingSide
	made  time.Time // when the result was made
}

// standingSide holds the counts of one of the two targets; side 0 is the old version.
type standingSide struct {
	burst compare.Slice            // the one under way
	slots map[int64]*compare.Slice // by their number since the Unix epoch
}

func newStanding(old, add config.Target) *standing {
	s := &standing{cfg: *add.Compare, targets: [2]config.Target{old, add}}
	for i := range s.sides {
		s.sides[i].slots = map[int64]*compare.Slice{}
	}
	s.result.Store(comparisonOf(&s.cfg, &compare.Result{Verdict: compare.CannotTell}))
	return s
}

// add counts a request of a side that has ended.
func (s *standing) add(side int, latency time.Duration, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if failed {
		s.sides[side].burst.Failed++
		return
	}
	s.sides[side].burst.Add(latency)
}

// endBurst adds the ended burst of a side to the comparison. lost is how many of its requests were lost.
func (s *standing) endBurst(side int, now time.Time, lost uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number := now.UnixNano() / int64(s.cfg.Window/standingSlots)
	one := &s.sides[side]
	one.burst.Failed += lost
	if one.slots[number] == nil {
		one.slots[number] = new(compare.Slice)
	}
	one.slots[number].Merge(one.burst)
	one.burst = compare.Slice{}
	for i := range s.sides {
		// Slots after this one are from before the clock was set back.
		maps.DeleteFunc(s.sides[i].slots, func(n int64, _ *compare.Slice) bool { return n <= number-standingSlots || n > number })
	}
	if since := now.Sub(s.made); since >= 0 && since < comparePause {
		return
	}
	s.made = now
	old, add := s.samples()
	s.result.Store(comparisonOf(&s.cfg, compare.Compare(old, add, compare.Options{Margin: s.cfg.Margin, MinChange: s.cfg.MinChange, Paired: true})))
}

// samples returns both sides in slices of the same times.
func (s *standing) samples() (old, add *compare.Sample) {
	var known []int64
	for i := range s.sides {
		known = slices.AppendSeq(known, maps.Keys(s.sides[i].slots))
	}
	slices.Sort(known)
	both := [2]compare.Sample{}
	for _, n := range slices.Compact(known) {
		for i := range s.sides {
			var one compare.Slice
			if kept := s.sides[i].slots[n]; kept != nil {
				one = *kept
			}
			both[i].Slices = append(both[i].Slices, one)
		}
	}
	return &both[0], &both[1]
}

// comparisonOf returns the result of a comparison for display.
func comparisonOf(cfg *config.Compare, r *compare.Result) *numbers.Comparison {
	c := &numbers.Comparison{
		With: cfg.With, Margin: cfg.Margin, MinChange: cfg.MinChange, Window: cfg.Window,
		Verdict: verdictLabel(r.Verdict), Needed: r.Needed, Old: r.Old, New: r.New,
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		shown := numbers.ComparedRow{Quantile: row.Quantile, Old: row.Old, New: row.New, Value: row.Change, Low: row.Low, High: row.High, Verdict: verdictLabel(row.Verdict)}
		if row.IsErrors() {
			c.Errors = &shown
			continue
		}
		shown.Value, shown.Low, shown.High = 1+row.Change, math.Max(1+row.Low, 0), 1+row.High
		c.Quantiles = append(c.Quantiles, shown)
	}
	return c
}

func verdictLabel(v compare.Verdict) string { return strings.ReplaceAll(string(v), " ", "_") }

// feeds are the comparisons of a target. They can change with the configuration while the target does not.
type feeds struct {
	all  atomic.Pointer[[]feed]
	lost atomic.Uint64 // of all bursts that have ended
}

// feed is one side of a comparison.
type feed struct {
	to   *standing
	side int
}

// observe is the [Observer] of a target.
func (f *feeds) observe(r *probe.Result, code errcode.Code) {
	all := f.all.Load()
	if all == nil || !isCompared(code) {
		return
	}
	for _, one := range *all {
		one.to.add(one.side, r.Duration(), code != errcode.OK)
	}
}

// endBurst tells the comparisons about the end of a burst. lost is the total of lost requests of all bursts.
func (f *feeds) endBurst(now time.Time, lost uint64) {
	before := f.lost.Swap(lost)
	if all := f.all.Load(); all != nil {
		for _, one := range *all {
			one.to.endBurst(one.side, now, lost-min(before, lost))
		}
	}
}

// compareTargets makes the comparisons that running targets ask for; mu is held. A comparison goes on as long as
// neither of its targets changes. A target on another shard is compared with nothing here.
func (m *Manager) compareTargets() {
	sides := map[*entry][]feed{}
	for name, e := range m.entries {
		before := e.standing
		e.standing = nil
		if e.removed || e.cfg.Compare == nil || e.cfg.Compare.With == name {
			continue
		}
		other := m.entry(e.cfg.Compare.With)
		if other == nil {
			continue
		}
		if e.standing = before; before == nil || !reflect.DeepEqual(before.targets, [2]config.Target{*other.cfg, *e.cfg}) {
			e.standing = newStanding(*other.cfg, *e.cfg)
		}
		sides[other] = append(sides[other], feed{e.standing, 0})
		sides[e] = append(sides[e], feed{e.standing, 1})
	}
	for _, e := range m.entries {
		if all := sides[e]; all != nil {
			e.feeds.all.Store(&all)
		} else {
			e.feeds.all.Store(nil)
		}
	}
}

package prober

import (
	"context"
	"sync/atomic"
	"time"

	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// target runs the bursts of one target as long as its load stays the same.
type target struct {
	senders

	// load is the part of the configuration that no sender changes.
	load     load.Target
	recorder *numbers.Recorder
	limiter  *load.Limiter
	part     load.Part
	reports  *reports
	watch    *watch
	// hung is how many workers of this target are still in the engine though their
	// requests were taken from them.
	hung atomic.Int64
	// observers are called with each request that has ended.
	observers []Observer
	// feeds are the comparisons with other targets; nil for a burst that is fired by hand.
	feeds *feeds
	// windows are the maintenance windows; nil for a burst that is fired by hand.
	windows *windows
	// rival is set if the burst is fired in turn with another.
	rival *rival
	// trace records the one request of a traced burst; nil for others.
	trace *probe.Trace
	// pause waits until an arrival is due or ctx ends. sleep waits until d has passed or
	// ctx ends; it reports whether d has passed. wall reads the clock of the slots. boot
	// reads a clock that also goes on while the machine is suspended.
	pause func(ctx context.Context, until probe.Instant)
	sleep func(ctx context.Context, d time.Duration) bool
	wall  func() time.Time
	boot  func() probe.Instant
}

// run fires a burst at each slot until schedule ends, and returns when the last request
// has ended. If slots come while the process does not run, run fires the last one late and
// skips the others.
func (t *target) run(schedule, requests context.Context) {
	defer t.finish()
	grid := load.NewSlots(t.load.Name, t.load.Interval)
	// Slots are of the wall clock, and waiting is by a clock that cannot be set: a clock
	// that jumps moves no burst that is waited for.
	wait := grid.First(t.wall())
	slot := t.boot().Add(wait) // when the next one is due
	for t.sleep(schedule, wait) {
		missed, behind := grid.Passed(t.boot().Sub(slot))
		slot = slot.Add(time.Duration(missed) * t.load.Interval)
		if next, rests := t.rest(grid, slot); rests {
			t.recorder.Skip(load.SkipLate, missed)
			wait = next
			slot = t.boot().Add(wait)
			continue
		}
		t.noteLate(missed, behind)
		wait = t.fireSlot(schedule, requests, grid, slot, grid.Number(t.wall().Add(-behind)))
		slot = t.boot().Add(wait)
	}
}

// noteLate notes the slots missed because the process did not run, and how far the next
// burst starts behind its slot. It ignores less than a freeze: requests of an open burst
// have due times of their own.
func (t *target) noteLate(missed int, behind time.Duration) {
	if missed == 0 && behind <= frozenAfter {
		behind = 0
	}
	t.recorder.Late(missed, behind)
}

// fireSlot fires the burst of a slot that was due at a moment of the clock boot, and
// returns the time until the next slot. It counts the slots that have passed meanwhile.
// The prober was late for slots that it would not have missed, had it run all the time.
func (t *target) fireSlot(schedule, requests context.Context, grid load.Slots, due probe.Instant, number int64) (wait time.Duration) {
	start, frozen := probe.Now(), t.watch.total()
	t.fire(schedule, requests, number)
	t.reports.burst(t.recorder.LastBurst())
	t.reports.shortage(t.recorder.Shortage())
	if t.feeds != nil {
		t.feeds.endBurst(t.wall(), lostOf(t.recorder.Snapshot(0).Dropped))
	}
	// Slots that a burst of this length would have missed anyway are overrun by it. Only
	// the others were missed because the process stood still.
	took := max(probe.Now().Sub(start)-(t.watch.total()-frozen), 0)
	elapsed := t.boot().Sub(due)
	wait, missed := grid.Next(t.wall(), elapsed)
	late := min(int(elapsed/t.load.Interval)-int(took/t.load.Interval), missed)
	t.recorder.Skip(load.SkipLate, late)
	t.recorder.Skip(load.SkipOverrun, missed-late)
	return wait
}

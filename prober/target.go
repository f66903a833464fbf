package prober

import (
	"context"
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/probe"
)

// target runs the bursts of one target as long as its load stays the same.
type target struct {
	senders

	// load is the part of the configuration that no sender changes.
	load     load
	recorder *recorder
	limiter  *limiter
	part     shard
	reports  *reports
	watch    *watch
	// hung is how many workers of this target are still in the engine though their
	// requests were taken from it.
	hung atomic.Int64
	// pause waits until an arrival is due or ctx ends, sleep until so much time has
	// passed, of which it tells, or ctx ends. wall reads the clock that the slots lie
	// on, boot one that also goes on while the machine is suspended.
	pause func(ctx context.Context, until probe.Instant)
	sleep func(ctx context.Context, d time.Duration) bool
	wall  func() time.Time
	boot  func() probe.Instant
}

// load is when a target sends how many requests.
type load struct {
	name     string
	interval time.Duration
	burst    config.Burst
	sharding config.Sharding
}

func loadOf(t *config.Target) load { return load{t.Name, t.Interval, t.Burst, t.Sharding} }

// run fires a burst at each slot until schedule ends, and returns when the last
// request has ended. A slot that comes while the process does not run is fired late
// if it is the last one of that time, and skipped if not.
func (t *target) run(schedule, requests context.Context) {
	defer t.finish()
	grid := newSlots(t.load.name, t.load.interval)
	wait := grid.first(t.wall())
	slot := t.boot().Add(wait) // when the next one is due
	for t.sleep(schedule, wait) {
		missed, behind := grid.passed(t.boot().Sub(slot))
		t.recorder.late(missed, behind)
		slot = slot.Add(time.Duration(missed) * grid.interval)
		wait = t.fireSlot(schedule, requests, grid, slot, grid.number(t.wall().Add(-behind)))
		slot = t.boot().Add(wait)
	}
}

// fireSlot fires the burst of a slot that was due at a moment of the clock boot, and
// returns how long it is until the next slot. Those that have passed meanwhile are
// counted: the prober was late for as many as it would not have missed, had it run
// all the time.
func (t *target) fireSlot(schedule, requests context.Context, grid slots, due probe.Instant, number int64) (wait time.Duration) {
	start, frozen := probe.Now(), t.watch.total()
	t.fire(schedule, requests, number)
	t.reports.burst(t.recorder.lastBurst())
	took := max(probe.Now().Sub(start)-(t.watch.total()-frozen), 0)
	elapsed := t.boot().Sub(due)
	wait, missed := grid.next(t.wall(), elapsed)
	late := min(int(elapsed/grid.interval)-int(took/grid.interval), missed)
	t.recorder.skip(skipLate, late)
	t.recorder.skip(skipOverrun, missed-late)
	return wait
}

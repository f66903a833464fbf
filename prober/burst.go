package prober

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/prober/transport"
)

// errReload ends a burst because its target was changed or removed.
var errReload = errors.New("the configuration of the target was changed")

// burst is one burst of a target under way.
type burst struct {
	*target
	start transport.Instant

	// turn holds the token of the one worker that waits for the next arrival of an
	// open burst. When it is due, that worker hands the turn on and sends the
	// request itself, so that no wake-up of another goroutine lies between the two.
	turn chan struct{}
	// left counts the requests that a closed burst has still to send.
	left atomic.Int64
}

// fire runs one burst and returns when its last request has ended. When schedule
// ends, no further request starts; requests is the context of those that have.
func (t *target) fire(schedule, requests context.Context) {
	b := &burst{target: t, start: transport.Now(), turn: make(chan struct{}, 1)}
	if t.cfg.Connection.Reuse == config.ReuseBurst {
		defer t.engine.CloseIdle()
	}
	work, workers := b.prepare()
	var running sync.WaitGroup
	for range workers {
		running.Go(func() { work(schedule, requests) })
	}
	running.Wait()
	t.recorder.endBurst(transport.Now().Sub(b.start), stopReason(schedule))
}

// prepare announces the burst to the recorder and returns what its workers do
// and how many there are: no more than requests to send.
func (b *burst) prepare() (work func(schedule, requests context.Context), workers int) {
	workers = b.cfg.Burst.Concurrency
	if b.cfg.Burst.Rate > 0 {
		p := newPacer(b.cfg.Burst)
		b.recorder.startBurst(&arrivals{pacer: p, start: b.start, timeout: b.cfg.Timeout})
		return b.open, int(min(p.n, int64(workers)))
	}
	b.recorder.startBurst(nil)
	b.left.Store(1<<63 - 1)
	if n := b.cfg.Burst.Requests; n > 0 {
		b.left.Store(int64(n))
		workers = min(n, workers)
	}
	return b.closed, workers
}

// closed sends one request after another until the burst is over.
func (b *burst) closed(schedule, requests context.Context) {
	var r transport.Result
	for b.left.Add(-1) >= 0 && schedule.Err() == nil {
		now := transport.Now()
		if d := b.cfg.Burst.Duration; d > 0 && now.Sub(b.start) >= d {
			return
		}
		b.recorder.begin()
		b.exchange(requests, now, &r)
	}
}

// open sends the arrivals that this worker gets hold of until none is left.
func (b *burst) open(schedule, requests context.Context) {
	var r transport.Result
	for {
		due, ok := b.next(schedule)
		if !ok {
			return
		}
		b.exchange(requests, due, &r)
	}
}

// next waits for this worker's turn and for the next arrival, and returns when
// that was due.
func (b *burst) next(schedule context.Context) (due transport.Instant, ok bool) {
	free := transport.Now()
	b.turn <- struct{}{}
	defer func() { <-b.turn }()
	for schedule.Err() == nil {
		now := transport.Now()
		due, state := b.recorder.claim(now, free)
		switch state {
		case claimed:
			return due, true
		case exhausted:
			return 0, false
		}
		sleep(schedule, due.Sub(now))
	}
	return 0, false
}

func (b *burst) exchange(requests context.Context, due transport.Instant, r *transport.Result) {
	r.Reset(due, due.Add(b.cfg.Timeout))
	b.engine.Do(requests, r)
	b.recorder.end(r, verdict(b.cfg.Expect, r))
}

// stopReason says why arrivals that are left over did not start.
func stopReason(schedule context.Context) dropReason {
	if errors.Is(context.Cause(schedule), errReload) {
		return dropReload
	}
	return dropShutdown
}

// sleep waits for d or until ctx ends, and tells whether d has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package prober

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// engine sends the requests of one target. It is a [transport.Transport], and in
// tests of the schedule a stand-in that needs no network.
type engine interface {
	Do(ctx context.Context, r *transport.Result)
	CloseIdle()
	Wait()
	Abort()
	Open() int
	ClientCertificateNotAfter() time.Time
}

// target runs the bursts of one target under one configuration.
type target struct {
	cfg      config.Target
	engine   engine
	tokens   *tokenSource // nil without OAuth 2.0
	reserver reserver     // engine, if its connections have a ceiling
	recorder *recorder
	limiter  *limiter
	part     shard
	reports  *reports
	// verdict decides what a request came to.
	verdict func(*transport.Result) errcode.Code
	// hung is how many workers of this target are still in the engine though their
	// requests were taken from it.
	hung atomic.Int64
	// pause waits until an arrival is due or ctx ends; wall reads the clock that
	// the slots lie on.
	pause func(ctx context.Context, until transport.Instant)
	wall  func() time.Time
}

// run fires a burst at each slot until schedule ends, and returns when the last
// request has ended.
func (t *target) run(schedule, requests context.Context) {
	defer t.closeEngine()
	logout := t.login(schedule)
	defer logout()
	grid := newSlots(t.cfg.Name, t.cfg.Interval)
	wait := grid.first(t.wall())
	for sleep(schedule, wait) {
		start := transport.Now()
		t.fire(schedule, requests, grid.number(t.wall()))
		t.reports.burst(t.recorder.lastBurst())
		var missed int
		wait, missed = grid.next(t.wall(), transport.Now().Sub(start))
		t.recorder.skip(missed)
	}
}

// closeEngine closes the connections when no request is under way any more.
func (t *target) closeEngine() {
	t.engine.CloseIdle()
	t.engine.Wait()
}

// login keeps a token at hand until the function that it returns is called. It
// waits until the first attempt to get one has ended.
func (t *target) login(ctx context.Context) (logout func()) {
	if t.tokens == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var fetching sync.WaitGroup
	fetching.Go(func() { t.tokens.run(ctx) })
	t.tokens.ready(ctx)
	return func() {
		cancel()
		fetching.Wait()
	}
}

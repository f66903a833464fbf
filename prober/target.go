package prober

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	Abort()
	Open() int
	ClientCertificateNotAfter() time.Time
}

// target runs the bursts of one target under one configuration.
type target struct {
	cfg      config.Target
	engine   engine
	tokens   *tokenSource // nil without OAuth 2.0
	recorder *recorder
	limiter  *limiter
	part     shard
	log      *slog.Logger
	// verdict decides what a request came to.
	verdict func(*transport.Result) errcode.Code
	// pause waits until an arrival is due or ctx ends; wall reads the clock that
	// the slots lie on.
	pause func(ctx context.Context, until transport.Instant)
	wall  func() time.Time
}

// run fires a burst at each slot until schedule ends, and returns when the last
// request has ended.
func (t *target) run(schedule, requests context.Context) {
	defer t.engine.CloseIdle()
	if t.tokens != nil {
		var fetching sync.WaitGroup
		defer fetching.Wait()
		fetching.Go(func() { t.tokens.run(schedule) })
		t.tokens.ready(schedule)
	}
	grid := newSlots(t.cfg.Name, t.cfg.Interval)
	wait := grid.first(t.wall())
	for sleep(schedule, wait) {
		start := transport.Now()
		t.fire(schedule, requests, grid.number(t.wall()))
		t.report()
		var missed int
		wait, missed = grid.next(t.wall(), transport.Now().Sub(start))
		t.recorder.skip(missed)
	}
}

// report writes one line about a burst that had failures.
func (t *target) report() {
	failures, requests := t.recorder.lastBurst()
	if len(failures) == 0 {
		return
	}
	var failed uint64
	for _, n := range failures {
		failed += n
	}
	t.log.Warn("burst had failures", "target", t.cfg.Name,
		"requests", requests, "failed", failed, "codes", formatCounts(failures))
}

// reportBreaker says that the breaker has opened or closed.
func (t *target) reportBreaker() {
	if t.recorder.breakerOpen() {
		t.log.Warn("breaker opened: bursts are one request until it closes", "target", t.cfg.Name, "failures", t.cfg.Breaker.After)
		return
	}
	t.log.Info("breaker closed", "target", t.cfg.Name)
}

// formatCounts lists the codes and how often each occurred: "1212 refused: 3".
func formatCounts(counts map[errcode.Code]uint64) string {
	codes := make([]errcode.Code, 0, len(counts))
	for code := range counts {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	parts := make([]string, len(codes))
	for i, code := range codes {
		parts[i] = code.String() + " " + code.Name() + ": " + strconv.FormatUint(counts[code], 10)
	}
	return strings.Join(parts, ", ")
}

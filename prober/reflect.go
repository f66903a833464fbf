package prober

import (
	"context"
	"log/slog"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/grpc"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// typesLifetime is after how long a server is asked for its types again.
const typesLifetime = 10 * time.Minute

// supply brings what a target's requests need and its configuration does not have, outside
// the bursts.
type supply interface {
	// run fetches it until ctx ends.
	run(ctx context.Context)
	// ready waits until the first attempt to get it has ended, or ctx.
	ready(ctx context.Context)
}

// typeSource asks the server of a target for the types of the method that is called, by
// reflection. Without them calls fail, and are not made.
type typeSource struct {
	target string
	log    *slog.Logger
	// ask returns the types, encoded. It ends with its context.
	ask    func(context.Context) ([]byte, error)
	engine *grpc.Engine
	// attempted is closed when the first attempt has ended.
	attempted chan struct{}
	// reported is when the last line was logged, untold how many attempts have failed since.
	reported time.Time
	untold   int
}

func newTypeSource(t config.Target, cfg grpc.Config, e *grpc.Engine, l *load.Limiter, log *slog.Logger) *typeSource {
	cfg.Plan.Certificates = nil // they are there while a configuration is compiled
	ask := func(ctx context.Context) ([]byte, error) { return askTypes(ctx, cfg, t.Timeout, l) }
	return &typeSource{target: t.Name, log: log, ask: ask, engine: e, attempted: make(chan struct{})}
}

// askTypes asks the server within the time of a request, under the same ceilings as a request
// but that of requests in flight.
func askTypes(ctx context.Context, cfg grpc.Config, timeout time.Duration, l *load.Limiter) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	until := probe.Now().Add(timeout)
	if !l.Next(ctx, until) {
		return nil, errcode.New(errcode.LocalResources, "the ceiling of requests per second was reached until the time ran out")
	}
	return grpc.Reflect(ctx, cfg, until)
}

func (s *typeSource) run(ctx context.Context) {
	retry := tokenRetry
	for {
		wait := typesLifetime
		if err := s.renew(ctx); err == nil {
			retry = tokenRetry
		} else {
			wait, retry = retry, min(2*retry, maxTokenRetry)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

func (s *typeSource) ready(ctx context.Context) {
	select {
	case <-s.attempted:
	case <-ctx.Done():
	}
}

// describe asks once. What a server tells may be anything: a panic is a failure.
func (s *typeSource) describe(ctx context.Context) (err error) {
	defer probe.Catch(&err)
	descriptors, err := s.ask(ctx)
	if err != nil {
		return err
	}
	return s.engine.Describe(descriptors)
}

// renew asks once, and notes what came of it.
func (s *typeSource) renew(ctx context.Context) error {
	err := s.describe(ctx)
	if err != nil && ctx.Err() == nil {
		s.engine.SetFailure(err)
		s.report(err)
	}
	select {
	case <-s.attempted:
	default:
		close(s.attempted)
	}
	return err
}

// report logs that an attempt has failed, as that of a token is.
func (s *typeSource) report(err error) {
	s.untold++
	if !s.reported.IsZero() && time.Since(s.reported) < tokenReportEvery {
		return
	}
	s.log.Warn("no types by reflection", "target", s.target, "code", errcode.FromError(err), "attempts", s.untold, "error", numbers.Clean(err.Error()))
	s.reported, s.untold = time.Now(), 0
}

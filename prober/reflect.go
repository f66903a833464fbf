package prober

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/grpc"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
	"example.com/prober/prober/probe"
)

// typesLifetime is after how long a server is asked for its types again. A server that was
// replaced may have other types, and nothing tells the prober.
const typesLifetime = 10 * time.Minute

// supply brings what a target's requests need besides its configuration. It works outside the
// bursts.
type supply interface {
	// run fetches it until ctx ends.
	run(ctx context.Context)
	// ready waits until the first attempt to get it has ended, or ctx.
	ready(ctx context.Context)
}

// typeSource asks the server of a target by reflection for the types of the called methods.
// Calls without types fail unsent.
type typeSource struct {
	target string
	log    *slog.Logger
	// services are the services to ask for.
	services []string
	// ask returns the types of each service. It ends with its context.
	ask    func(context.Context) []grpc.Types
	engine *grpc.Engine
	// attempted is closed when the first attempt has ended.
	attempted chan struct{}
	// reported is when the last line was logged. untold counts failed attempts since then.
	reported time.Time
	untold   int
}

// newTypeSource returns nil if the calls of cfgs need no types of the server. It asks with the
// metadata and the credentials of the first call that needs some.
func newTypeSource(t config.Target, cfgs []grpc.Config, e *grpc.Engine, l *load.Limiter, log *slog.Logger) *typeSource {
	s := &typeSource{target: t.Name, log: log, engine: e, attempted: make(chan struct{})}
	var first grpc.Config
	for i := range cfgs {
		if !cfgs[i].Reflected {
			continue
		}
		if s.services == nil {
			first = cfgs[i]
		}
		if !slices.Contains(s.services, cfgs[i].Service) {
			s.services = append(s.services, cfgs[i].Service)
		}
	}
	if s.services == nil {
		return nil
	}
	first.Plan.Certificates = nil // they are there while a configuration is compiled
	s.ask = func(ctx context.Context) []grpc.Types { return askTypes(ctx, first, s.services, t.Timeout, l) }
	return s
}

var errNoRate = errcode.New(errcode.LocalResources, "the time ran out while the limit of requests per second was reached")

// askTypes asks the server within the time of a request. The same ceilings hold as for a
// request, except that of requests in flight.
func askTypes(ctx context.Context, cfg grpc.Config, services []string, timeout time.Duration, l *load.Limiter) []grpc.Types {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	until := probe.Now().Add(timeout)
	if !l.Next(ctx, until) {
		return slices.Repeat([]grpc.Types{{Err: errNoRate}}, len(services))
	}
	return grpc.Reflect(ctx, cfg, services, until)
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

// tell asks once. A server may send anything, so a panic is a failure.
func (s *typeSource) tell(ctx context.Context) (all []grpc.Types, err error) {
	defer probe.Catch(&err)
	return s.ask(ctx), nil
}

// describe tells the engine the types of a service, or why they are not known.
func (s *typeSource) describe(service string, types grpc.Types) (err error) {
	defer probe.Catch(&err)
	if types.Err != nil {
		return types.Err
	}
	return s.engine.Describe(service, types.Descriptors)
}

// renew asks once and notes the result. It returns the first failure.
func (s *typeSource) renew(ctx context.Context) (first error) {
	all, asked := s.tell(ctx)
	for i, service := range s.services {
		err := asked
		if err == nil {
			err = s.describe(service, all[i])
		}
		if err != nil && ctx.Err() == nil {
			s.engine.SetFailure(service, err)
		}
		if first == nil {
			first = err
		}
	}
	if first != nil && ctx.Err() == nil {
		s.report(first)
	}
	select {
	case <-s.attempted:
	default:
		close(s.attempted)
	}
	return first
}

// report logs a failed attempt, like the report of a tokenSource.
func (s *typeSource) report(err error) {
	s.untold++
	if !s.reported.IsZero() && time.Since(s.reported) < tokenReportEvery {
		return
	}
	s.log.Warn("no types by reflection", "target", s.target, "code", errcode.FromError(err), "attempts", s.untold, "error", numbers.Clean(err.Error()))
	s.reported, s.untold = time.Now(), 0
}

package prober

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/numbers"
)

const (
	// A token without an expiry is replaced after tokenLifetime.
	tokenLifetime = time.Hour
	// After a failure the next attempt comes after tokenRetry at first, later up to
	// maxTokenRetry.
	tokenRetry    = time.Second
	maxTokenRetry = time.Minute
	// tokenReportEvery is the least time between log lines about one source.
	tokenReportEvery = time.Minute
)

var errNoTokenYet = errcode.New(errcode.Credentials, "the prober has not asked for a token yet")

// tokenSource keeps a token of a target ready. run, never a request, fetches the token
// and renews it ahead of its end. Without a token requests fail unsent: the target
// would answer with 401 and get the blame.
type tokenSource struct {
	target string
	log    *slog.Logger
	fetch  func(context.Context) (*token, error)
	// attempted is closed when the first attempt to get a token has ended.
	attempted chan struct{}
	// reported is when the last line was logged. untold counts failed attempts since
	// then. Only the goroutine of run uses both.
	reported time.Time
	untold   int

	mu      sync.Mutex
	current *token
	failure error // of the last attempt; nil if it succeeded
}

func newTokenSource(t config.Target, network policy.Rules, l *load.Limiter, log *slog.Logger) *tokenSource {
	return &tokenSource{
		target:    t.Name,
		log:       log,
		fetch:     newTokenClient(t, network, l).fetch,
		attempted: make(chan struct{}),
		failure:   errNoTokenYet,
	}
}

// run fetches tokens until ctx ends.
func (s *tokenSource) run(ctx context.Context) {
	retry := tokenRetry
	for {
		wait, err := s.renew(ctx)
		if err == nil {
			retry = tokenRetry
		} else {
			wait, retry = retry, min(2*retry, maxTokenRetry)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// ready waits until the first attempt to get a token has ended, or ctx.
func (s *tokenSource) ready(ctx context.Context) {
	select {
	case <-s.attempted:
	case <-ctx.Done():
	}
}

// authorization returns the value of Authorization for a request now.
func (s *tokenSource) authorization() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	// A token that is still good outlasts failures to renew it.
	case s.current != nil && (s.current.expiry.IsZero() || time.Now().Before(s.current.expiry)):
		return s.current.authorization, nil
	case s.failure != nil:
		return "", s.failure
	}
	return "", errcode.New(errcode.Credentials, "the token has expired, and there is no new one yet")
}

// renew fetches a token and returns the time until the next fetch: the next token is
// due when a fifth of this one's time is left.
func (s *tokenSource) renew(ctx context.Context) (wait time.Duration, err error) {
	t, err := s.fetch(ctx)
	if err != nil {
		err = tokenFailure(err)
		if ctx.Err() == nil {
			s.report(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure = err; err == nil {
		s.current = t
		wait = tokenLifetime
		if !t.expiry.IsZero() {
			// The bound keeps an endpoint that gives tokens of a second from being asked
			// without a pause.
			wait = max(tokenRetry, time.Until(t.expiry)/5*4)
		}
	}
	select {
	case <-s.attempted:
	default:
		close(s.attempted)
	}
	return wait, err
}

// report logs a failed attempt and the number of failures since the line before. Sooner
// than tokenReportEvery after that line, it only counts.
func (s *tokenSource) report(err error) {
	s.untold++
	if !s.reported.IsZero() && time.Since(s.reported) < tokenReportEvery {
		return
	}
	s.log.Warn("no OAuth2 token", "target", s.target, "code", errcode.FromError(err), "attempts", s.untold, "error", numbers.Clean(err.Error()))
	s.reported, s.untold = time.Now(), 0
}

package prober

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

const (
	// A token that does not say when it expires is replaced after tokenLifetime.
	tokenLifetime = time.Hour
	// After a failure a token is asked for again, sooner at first.
	tokenRetry    = time.Second
	maxTokenRetry = time.Minute
)

var (
	errNoTokenYet = errcode.New(errcode.General, "no token has been asked for yet")
	errTokenHeld  = errcode.New(errcode.LocalResources, "the ceiling of requests per second was reached until the time ran out")
)

// tokenSource keeps a token of a target at hand. The token is fetched and renewed
// ahead of its end by run, never by a request. Without a token requests fail, and
// are not sent, with the code of what keeps the token from being fetched: sending
// them without would blame the target with 401.
type tokenSource struct {
	target string
	log    *slog.Logger
	fetch  func(context.Context) (*oauth2.Token, error)
	// attempted is closed when the first attempt to get a token has ended.
	attempted chan struct{}

	mu      sync.Mutex
	current *oauth2.Token
	value   string // of Authorization, as long as current is valid
	failure error  // of the last attempt; nil if it went well
}

func newTokenSource(t config.Target, network config.Network, l *limiter, log *slog.Logger) *tokenSource {
	o := t.Request.OAuth2
	credentials := &clientcredentials.Config{
		ClientID:       o.ClientID,
		ClientSecret:   o.ClientSecret,
		TokenURL:       o.TokenURL.String(),
		Scopes:         o.Scopes,
		EndpointParams: o.EndpointParams,
	}
	client := &http.Client{
		Transport:     &tokenTransport{connection: tokenConnection(t.Connection), network: network, limiter: l},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &tokenSource{
		target:    t.Name,
		log:       log,
		attempted: make(chan struct{}),
		failure:   errNoTokenYet,
		fetch: func(ctx context.Context) (*oauth2.Token, error) {
			ctx, cancel := context.WithTimeout(ctx, o.Timeout)
			defer cancel()
			return fetchToken(context.WithValue(ctx, oauth2.HTTPClient, client), credentials)
		},
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
	case s.current != nil && (s.current.Expiry.IsZero() || time.Now().Before(s.current.Expiry)):
		return s.value, nil
	case s.failure != nil:
		return "", s.failure
	}
	return "", errcode.New(errcode.General, "the token has expired")
}

// renew fetches a token and returns when to fetch the next one, which is when a
// fifth of its time is left.
func (s *tokenSource) renew(ctx context.Context) (wait time.Duration, err error) {
	token, err := s.fetch(ctx)
	if err != nil {
		err = tokenFailure(err)
	}
	if ctx.Err() == nil && err != nil {
		s.log.Warn("no OAuth2 token", "target", s.target, "code", errcode.FromError(err), "error", clean(err.Error()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure = err; err == nil {
		s.current, s.value = token, token.Type()+" "+token.AccessToken
		wait = tokenLifetime
		if !token.Expiry.IsZero() {
			wait = max(tokenRetry, time.Until(token.Expiry)*4/5)
		}
	}
	select {
	case <-s.attempted:
	default:
		close(s.attempted)
	}
	return wait, err
}

// fetchToken sends the credentials in the header, where every endpoint has to take
// them (RFC 6749, section 2.3.1). If one refuses that, they are sent in the body,
// and so from then on if it helps.
func fetchToken(ctx context.Context, c *clientcredentials.Config) (*oauth2.Token, error) {
	if c.AuthStyle == oauth2.AuthStyleInParams {
		return c.Token(ctx)
	}
	c.AuthStyle = oauth2.AuthStyleInHeader
	token, err := c.Token(ctx)
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || refused.Response.StatusCode != http.StatusBadRequest && refused.Response.StatusCode != http.StatusUnauthorized {
		return token, err
	}
	c.AuthStyle = oauth2.AuthStyleInParams
	if token, secondErr := c.Token(ctx); secondErr == nil {
		return token, nil
	}
	c.AuthStyle = oauth2.AuthStyleInHeader
	return nil, err
}

// tokenFailure gives the failure of a fetch its code, and takes out of its text
// what the endpoint said and the query of its URL.
func tokenFailure(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := refused.Response.StatusCode
		if code := errcode.FromStatus(status); code != errcode.OK {
			return errcode.New(code, fmt.Sprintf("the token endpoint answered with status %d", status))
		}
		return errcode.New(errcode.Content, fmt.Sprintf("the token endpoint gave no token with status %d", status))
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return errcode.Wrap(errcode.FromError(failed.Err), "the token endpoint", failed.Err)
	}
	return errcode.New(errcode.Content, "the answer of the token endpoint holds no token")
}

// tokenTransport sends a request for a token the way that the target's own go, so
// that the same rules hold for it, and the same ceilings but that of requests in
// flight: it waits for them within the time of its context.
type tokenTransport struct {
	connection config.Connection
	network    config.Network
	limiter    *limiter
}

// tokenConnection leaves out what is about the target's own server. The endpoint
// is sent a secret, so its certificate is verified in any case.
func tokenConnection(c config.Connection) config.Connection {
	c.HTTPVersion, c.Reuse, c.Resolve = config.HTTPAuto, config.ReuseNever, nil
	c.TLS.ServerName, c.TLS.Cert, c.TLS.Key, c.TLS.InsecureSkipVerify = "", nil, nil, false
	return c
}

// RoundTrip sends q, whose context has a deadline.
func (t *tokenTransport) RoundTrip(q *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return nil, err
	}
	var content []byte
	c := transport.Config{
		URL:        q.URL,
		Method:     q.Method,
		Body:       body,
		KeepHeader: []string{"Content-Type"},
		CheckBody: func(b []byte) error {
			content = bytes.Clone(b)
			return nil
		},
		Deny:        t.network.Deny,
		Allow:       t.network.Allow,
		DenyHosts:   t.network.DenyHosts,
		Connections: t.limiter.connections,
	}
	for name, values := range q.Header {
		for _, v := range values {
			c.Header = append(c.Header, transport.HeaderField{Name: name, Value: v})
		}
	}
	setConnection(&c, t.connection)
	tr, err := transport.New(c)
	if err != nil {
		return nil, err
	}
	defer func() {
		tr.CloseIdle()
		tr.Wait()
	}()
	if deadline, _ := q.Context().Deadline(); !t.limiter.next(q.Context(), transport.At(deadline)) {
		if errors.Is(q.Context().Err(), context.Canceled) {
			return nil, context.Canceled
		}
		return nil, errTokenHeld
	}
	r := exchangeToken(q.Context(), tr)
	if r.Err != nil {
		return nil, r.Err
	}
	response := &http.Response{StatusCode: r.Status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(content))}
	r.AnyField("Content-Type", func(value []byte) bool {
		response.Header.Set("Content-Type", string(value))
		return true
	})
	return response, nil
}

func exchangeToken(ctx context.Context, tr *transport.Transport) *transport.Result {
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) { // the end of the time has a code of its own
			tr.Abort()
		}
	})
	defer stop()
	var r transport.Result
	deadline, _ := ctx.Deadline()
	r.Reset(transport.Now(), transport.At(deadline))
	tr.Do(ctx, &r)
	return &r
}

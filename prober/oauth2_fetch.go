package prober

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/transport"
)

var errTokenHeld = errcode.New(errcode.LocalResources, "the time ran out while the limit of requests per second was reached")

// tokenClient asks a token endpoint for tokens (RFC 6749, section 4.4). It sends like the
// target, so the same rules hold for both, and the same ceilings except that of requests in
// flight. One goroutine uses it.
type tokenClient struct {
	login      config.OAuth2
	connection config.Connection
	network    policy.Rules
	limiter    *load.Limiter
	// inBody has the credentials sent in the body instead of the header.
	inBody bool
}

func newTokenClient(t config.Target, network policy.Rules, l *load.Limiter) *tokenClient {
	return &tokenClient{login: *t.Request.OAuth2, connection: tokenConnection(t.Connection), network: network, limiter: l}
}

// tokenConnection leaves out settings for the target's own server. The endpoint gets a
// secret, so its certificate is always verified.
func tokenConnection(c config.Connection) config.Connection {
	c.HTTPVersion, c.Reuse, c.Resolve = option.AutoHTTP, config.ReuseNever, nil
	c.TLS.ServerName, c.TLS.Cert, c.TLS.Key, c.TLS.InsecureSkipVerify = "", nil, nil, false
	return c
}

// fetch sends the credentials in the header: every endpoint has to accept them there
// (RFC 6749, section 2.3.1). If an endpoint refuses, fetch sends them in the body, and
// keeps to the body if that helps. All of it takes at most the timeout of the login.
func (c *tokenClient) fetch(ctx context.Context) (*token, error) {
	ctx, cancel := context.WithTimeout(ctx, c.login.Timeout)
	defer cancel()
	t, status, err := c.attempt(ctx, c.inBody)
	if c.inBody || status != http.StatusBadRequest && status != http.StatusUnauthorized {
		return t, err
	}
	if t, _, secondErr := c.attempt(ctx, true); secondErr == nil {
		c.inBody = true
		return t, nil
	}
	return nil, err
}

// attempt sends one request. The status is 0 if there was no answer.
func (c *tokenClient) attempt(ctx context.Context, inBody bool) (t *token, status int, err error) {
	a, err := c.send(ctx, inBody)
	if err != nil {
		return nil, 0, err
	}
	t, err = a.token(c.secrets())
	return t, a.status, err
}

// send returns the endpoint's answer within the time of ctx, which has a deadline.
func (c *tokenClient) send(ctx context.Context, inBody bool) (*tokenAnswer, error) {
	tr, a, err := c.prepare(inBody)
	if err != nil {
		return nil, err
	}
	defer func() {
		// Tokens are fetched seldom, and an idle connection would count under the ceiling
		// meanwhile.
		tr.CloseIdle()
		tr.Wait()
	}()
	deadline, _ := ctx.Deadline()
	if !c.limiter.Next(ctx, probe.At(deadline)) {
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, context.Canceled
		}
		return nil, errTokenHeld
	}
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) { // the end of the time has a code of its own
			tr.Abort()
		}
	})
	defer stop()
	var r probe.Result
	r.Reset(probe.Now(), probe.At(deadline))
	if tr.Do(ctx, &r); r.Err != nil {
		return nil, r.Err
	}
	a.status = r.HTTP.Status
	transport.AnyField(&r, "Content-Type", func(value []byte) bool {
		a.contentType = string(value)
		return true
	})
	return a, nil
}

// prepare returns a transport for one request, and the answer. The transport fills in
// the content of the response.
func (c *tokenClient) prepare(inBody bool) (*transport.Transport, *tokenAnswer, error) {
	a := new(tokenAnswer)
	cfg := transport.Config{
		URL:        c.login.TokenURL,
		Method:     http.MethodPost,
		Header:     []message.Field{{Name: "Content-Type", Value: formType}},
		Body:       []byte(c.form(inBody).Encode()),
		KeepHeader: []string{"Content-Type"},
		CheckBody: func(b []byte) error {
			a.content = bytes.Clone(b)
			return nil
		},
		Rules:       c.network,
		Connections: c.limiter.Connections,
	}
	if !inBody {
		cfg.Header = append(cfg.Header, message.Field{Name: "Authorization", Value: "Basic " + c.basic()})
	}
	setConnection(&cfg, c.connection)
	tr, err := transport.New(cfg)
	return tr, a, err
}

func (c *tokenClient) form(inBody bool) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(c.login.Scopes) > 0 {
		form.Set("scope", strings.Join(c.login.Scopes, " "))
	}
	maps.Copy(form, c.login.EndpointParams)
	if inBody {
		form.Set("client_id", c.login.ClientID)
		form.Set("client_secret", c.login.ClientSecret)
	}
	return form
}

// basic returns the credentials for the header: RFC 6749, section 2.3.1, wants both
// parts encoded like a form.
func (c *tokenClient) basic() string {
	pair := url.QueryEscape(c.login.ClientID) + ":" + url.QueryEscape(c.login.ClientSecret)
	return base64.StdEncoding.EncodeToString([]byte(pair))
}

// secrets returns the secrets for the endpoint, plain and encoded. Nobody may see them.
func (c *tokenClient) secrets() []string {
	query := c.login.TokenURL.RawQuery
	all := []string{c.login.ClientSecret, c.basic(), query}
	for _, values := range c.login.TokenURL.Query() {
		all = append(all, values...)
	}
	for _, values := range c.login.EndpointParams {
		all = append(all, values...)
	}
	for _, s := range all {
		all = append(all, url.QueryEscape(s))
	}
	return all
}

// tokenFailure gives the failure of a fetch its code: 1040 unless the prober itself or
// its rules are the cause. Its text names the code of the failure on the way to the
// endpoint.
func tokenFailure(cause error) error {
	code := errcode.FromError(cause)
	if code == errcode.Credentials {
		return cause
	}
	return errcode.Wrap(errcode.Credentials, fmt.Sprintf("the token endpoint, %d %s", code, code.Name()), cause)
}

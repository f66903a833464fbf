package prober

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/prober/transport"
)

// withOAuth2 returns a target that gets its tokens from endpoint.
func withOAuth2(t *testing.T, endpoint string) config.Target {
	t.Helper()
	u, err := url.Parse(endpoint)
	require.NoError(t, err)
	cfg := testConfig(config.Burst{})
	cfg.Request.OAuth2 = &config.OAuth2{
		ClientID: "client", ClientSecret: "s3cret", TokenURL: u, Scopes: []string{"a", "b"},
		EndpointParams: map[string][]string{"audience": {"shop"}}, Timeout: 10 * time.Second,
	}
	return cfg
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestRequestsCarryTheToken(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 1)
	target := serve(t, func(_ http.ResponseWriter, q *http.Request) { seen <- q.Header.Get("Authorization") })
	endpoint := serve(t, func(w http.ResponseWriter, q *http.Request) {
		assert.NoError(t, q.ParseForm())
		id, secret, _ := q.BasicAuth()
		assert.Equal(t, []string{"client", "s3cret", "client_credentials", "a b", "shop"},
			[]string{id, secret, q.Form.Get("grant_type"), q.Form.Get("scope"), q.Form.Get("audience")})
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t0ken","token_type":"bearer","expires_in":3600}`)
	})
	cfg := withOAuth2(t, endpoint+"/token?tenant=a")
	var err error
	cfg.URL, err = url.Parse(target + "/")
	require.NoError(t, err)
	c, err := NewManager(Options{Log: slog.New(slog.DiscardHandler)}).compile(cfg, config.Network{}, nil)
	require.NoError(t, err)
	defer c.engine.CloseIdle()

	var r transport.Result
	request := func() {
		now := transport.Now()
		r.Reset(now, now.Add(20*time.Second))
		c.engine.Do(t.Context(), &r)
	}
	request()
	assert.ErrorIs(t, r.Err, errNoTokenYet)
	assert.Equal(t, errcode.PhaseQueue, r.FailedIn())

	_, err = c.tokens.renew(t.Context())
	require.NoError(t, err)
	request()
	require.NoError(t, r.Err)
	assert.Equal(t, "Bearer t0ken", <-seen)
}

func TestWhyThereIsNoToken(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) string {
		return serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	for name, tt := range map[string]struct {
		endpoint string
		timeout  time.Duration
		deny     string
		denyHost string
		code     errcode.Code
	}{
		"the client is refused":              {endpoint: answer(401, `{"error":"invalid_client","error_description":"from the peer"}`), code: 1401},
		"the endpoint has failed":            {endpoint: answer(503, "from the peer"), code: 1503},
		"an error that looks like a success": {endpoint: answer(200, `{"error":"from the peer"}`), code: errcode.Content},
		"no token in the answer":             {endpoint: answer(200, `{}`), code: errcode.Content},
		"no JSON in the answer":              {endpoint: answer(200, `<from the peer>`), code: errcode.Content},
		"a redirect is not followed":         {endpoint: answer(302, ""), code: errcode.Content},
		"nobody listens":                     {endpoint: "http://127.0.0.1:1", code: errcode.Refused},
		"an address that must not be":        {endpoint: answer(200, ""), deny: "127.0.0.0/8", code: errcode.BlockedIP},
		"a host that must not be":            {endpoint: "http://login.prod.test", denyHost: "*.prod.test", code: errcode.BlockedHost},
		"no answer": {endpoint: serve(t, func(_ http.ResponseWriter, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body)
			<-q.Context().Done()
		}), timeout: 2 * time.Second, code: errcode.RequestTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := withOAuth2(t, tt.endpoint+"/token?key=hidden")
			if tt.timeout > 0 {
				cfg.Request.OAuth2.Timeout = tt.timeout
			}
			var network config.Network
			if tt.deny != "" {
				network.Deny = []netip.Prefix{netip.MustParsePrefix(tt.deny)}
			}
			if tt.denyHost != "" {
				network.DenyHosts = []string{tt.denyHost}
			}
			var log bytes.Buffer
			s := newTokenSource(cfg, network, newLimiter(Limits{}), slog.New(slog.NewTextHandler(&log, nil)))
			_, err := s.renew(t.Context())
			assert.Equal(t, tt.code, errcode.FromError(err), "error: %v", err)
			_, err = s.authorization()
			assert.Equal(t, tt.code, errcode.FromError(err))
			for _, secret := range []string{"hidden", "s3cret", "from the peer"} {
				assert.NotContains(t, log.String(), secret)
			}
			assert.Contains(t, log.String(), "code="+tt.code.String())
		})
	}
}

// tokens returns a source whose fetches are answered by next.
func tokens(next func() (*oauth2.Token, error)) *tokenSource {
	return &tokenSource{
		log: slog.New(slog.DiscardHandler), attempted: make(chan struct{}), failure: errNoTokenYet,
		fetch: func(context.Context) (*oauth2.Token, error) { return next() },
	}
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetched []time.Duration
		start := time.Now()
		s := tokens(func() (*oauth2.Token, error) {
			fetched = append(fetched, time.Since(start))
			return &oauth2.Token{AccessToken: "t", Expiry: time.Now().Add(100 * time.Second)}, nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 170*time.Second)
		defer cancel()
		s.run(ctx)
		assert.Equal(t, []time.Duration{0, 80 * time.Second, 160 * time.Second}, fetched)
	})
}

func TestTokenServesUntilItsEndWhenItCannotBeRenewed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		attempts := 0 // of the goroutine until ended
		s := tokens(func() (*oauth2.Token, error) {
			if attempts++; attempts == 1 {
				return &oauth2.Token{AccessToken: "t", Expiry: time.Now().Add(100 * time.Second)}, nil
			}
			return nil, errors.New("out of order")
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			s.run(ctx)
			close(ended)
		}()
		s.ready(ctx)
		sleep(ctx, 99*time.Second)
		value, err := s.authorization()
		assert.NoError(t, err)
		assert.Equal(t, "Bearer t", value)
		sleep(ctx, 2*time.Second)
		_, err = s.authorization()
		assert.Equal(t, errcode.Content, errcode.FromError(err))
		sleep(ctx, time.Hour)
		cancel()
		<-ended
		assert.Less(t, attempts, 75, "a minute apart at last")
	})
}

func TestCredentialsGoWhereTheEndpointTakesThem(t *testing.T) {
	t.Parallel()
	requests := 0
	endpoint := serve(t, func(w http.ResponseWriter, q *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		if _, _, inHeader := q.BasicAuth(); inHeader || q.FormValue("client_secret") != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"access_token":"t"}`)
	})
	s := newTokenSource(withOAuth2(t, endpoint), config.Network{}, newLimiter(Limits{}), slog.New(slog.DiscardHandler))
	for range 2 {
		_, err := s.renew(t.Context())
		require.NoError(t, err)
	}
	assert.Equal(t, 3, requests, "what was refused once is not tried again")
	value, err := s.authorization()
	require.NoError(t, err)
	assert.Equal(t, "Bearer t", value)
}

func TestTokensCountUnderTheCeilings(t *testing.T) {
	t.Parallel()
	var m *Manager
	endpoint := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		assert.Equal(t, 1, m.limiter.connections.Used(), "that of the fetch")
		_, rate := m.limiter.inUse()
		assert.InDelta(t, 0.001, rate, 1e-9)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t0ken","token_type":"bearer","expires_in":3600}`)
	})
	m = managed(t, Limits{Rate: 0.001, Connections: 1})
	cfg := withOAuth2(t, endpoint)
	c, err := m.compile(cfg, config.Network{}, nil)
	require.NoError(t, err)
	_, err = c.tokens.renew(t.Context())
	require.NoError(t, err)
	assert.Zero(t, m.limiter.connections.Used())

	cfg.Request.OAuth2.Timeout = 20 * time.Millisecond
	c, err = m.compile(cfg, config.Network{}, nil)
	require.NoError(t, err)
	_, err = c.tokens.renew(t.Context())
	assert.Equal(t, errcode.LocalResources, errcode.FromError(err), "%v: the rate is used up", err)

	m = managed(t, Limits{Connections: 1})
	require.True(t, m.limiter.connections.TryAcquire())
	c, err = m.compile(cfg, config.Network{}, nil)
	require.NoError(t, err)
	_, err = c.tokens.renew(t.Context())
	assert.Equal(t, errcode.LocalResources, errcode.FromError(err), "%v: no connection", err)
	m.limiter.connections.Release()
}

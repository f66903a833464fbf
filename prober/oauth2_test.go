package prober

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/errcode"
	"example.com/prober/internal/peers"
	"example.com/prober/policy"
	"example.com/prober/prober/load"
	"example.com/prober/prober/probe"
)

// withOAuth2 returns a target with tokens from endpoint.
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
	return peers.Serve(t, peers.HTTP1, h).URL
}

// grant answers a request for a token.
func grant(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"access_token":"t0ken","token_type":"bearer","expires_in":3600}`)
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
		grant(w)
	})
	cfg := withOAuth2(t, endpoint+"/token?tenant=a")
	var err error
	cfg.URL, err = url.Parse(target + "/")
	require.NoError(t, err)
	c, err := NewManager(Options{Log: slog.New(slog.DiscardHandler)}).compile(cfg, policy.Rules{}, nil)
	require.NoError(t, err)
	defer c.engine.CloseIdle()

	var r probe.Result
	request := func() {
		now := probe.Now()
		r.Reset(now, now.Add(20*time.Second))
		c.engine.Do(t.Context(), &r)
	}
	request()
	assert.ErrorIs(t, r.Err, errNoTokenYet)
	assert.Equal(t, errcode.PhaseQueue, r.FailedIn())

	_, err = c.supplies[0].(*tokenSource).renew(t.Context())
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
		code     errcode.Code // 1040 unless set
		text     string
	}{
		"the client is refused":              {endpoint: answer(401, `{"error":"invalid_client","error_description":"from the peer"}`), text: `status 401 and error "invalid_client"`},
		"the scope is refused":               {endpoint: answer(400, `{"error":"invalid_scope"}`), text: `status 400 and error "invalid_scope"`},
		"a word that is none":                {endpoint: answer(400, `{"error":"from the peer"}`), text: "status 400 and an error"},
		"a word that cannot be seen":         {endpoint: answer(400, `{"error":"a\u0007\u202eb"}`), text: "status 400 and an error"},
		"a word that is quoted":              {endpoint: answer(400, `{"error":"a\"b"}`), text: "status 400 and an error"},
		"a word that is the secret":          {endpoint: answer(400, `{"error":"s3cret"}`), text: "status 400 and an error"},
		"a word that holds the secret":       {endpoint: answer(400, `{"error":"no-S3CRET-here"}`), text: "status 400 and an error"},
		"a word that is a part of the query": {endpoint: answer(400, `{"error":"hidden"}`), text: "status 400 and an error"},
		"a word that is a parameter":         {endpoint: answer(400, `{"error":"shop"}`), text: "status 400 and an error"},
		"a word that is the credentials":     {endpoint: answer(400, `{"error":"Y2xpZW50OnMzY3JldA=="}`), text: "status 400 and an error"},
		"a word without end":                 {endpoint: answer(400, `{"error":"`+strings.Repeat("x", 1000)+`"}`), text: `error "` + strings.Repeat("x", maxErrorWord) + `"`},
		"an error that is no text":           {endpoint: answer(400, `{"error":{"code":"from the peer"}}`), text: "status 400"},
		"the endpoint has failed":            {endpoint: answer(503, "from the peer"), text: "status 503"},
		"the endpoint has no way":            {endpoint: answer(502, ""), text: "status 502"},
		"an error that looks like a success": {endpoint: answer(200, `{"error":"from the peer"}`), text: "status 200 and an error"},
		"no token in the answer":             {endpoint: answer(200, `{}`), text: "has no access_token"},
		"a token that is a number":           {endpoint: answer(200, `{"access_token":1}`), text: "access_token in the answer of the token endpoint is not a text"},
		"a type that is a list":              {endpoint: answer(200, `{"access_token":"t","token_type":[]}`), text: "token_type in the answer of the token endpoint is not a text"},
		"a token that ends the header":       {endpoint: answer(200, `{"access_token":"a\r\nb"}`), text: "cannot stand in a header"},
		"a type that ends the header":        {endpoint: answer(200, `{"access_token":"a","token_type":"b c"}`), text: "cannot stand in a header"},
		"a token that has expired":           {endpoint: answer(200, `{"access_token":"t","expires_in":-5}`), text: "already expired: expires_in is -5"},
		"no JSON in the answer":              {endpoint: answer(200, `<from the peer>`), text: "not a JSON object"},
		"nothing in the answer":              {endpoint: answer(200, ""), text: "not a JSON object"},
		"an answer that is too long":         {endpoint: answer(200, strings.Repeat(" ", 2<<20)), text: "1703 body_limit"},
		"a redirect is not followed":         {endpoint: answer(302, ""), text: "status 302"},
		"nobody listens":                     {endpoint: "http://127.0.0.1:1", text: "1212 refused"},
		"no such host":                       {endpoint: "http://nowhere.invalid", text: "1101 no_such_host"},
		"no HTTP":                            {endpoint: "http://" + peers.Listen(t, peers.InTurn(peers.Saying("no HTTP at all\r\n\r\n"), peers.Finish)).Address(), text: "1801 http1_status_line"},
		"no TLS":                             {endpoint: strings.Replace(answer(200, ""), "http", "https", 1), text: "1304 tls_plain_http"},
		"a certificate of nobody":            {endpoint: peers.Serve(t, peers.HTTP1TLS, http.NotFound).URL, text: "1310 unknown_authority"},
		"an address that must not be":        {endpoint: answer(200, ""), deny: "127.0.0.0/8", code: errcode.BlockedIP, text: "1110 blocked_ip"},
		"a host that must not be":            {endpoint: "http://login.prod.test", denyHost: "*.prod.test", code: errcode.BlockedHost, text: "1111 blocked_host"},
		"no answer": {endpoint: serve(t, func(_ http.ResponseWriter, q *http.Request) {
			_, _ = io.Copy(io.Discard, q.Body)
			<-q.Context().Done()
		}), timeout: 2 * time.Second, text: "1050 request_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := withOAuth2(t, tt.endpoint+"/token?key=hidden")
			cfg.Connection.TLS.InsecureSkipVerify = true // of the target, not of the endpoint
			tt.code = cmp.Or(tt.code, errcode.Credentials)
			if tt.timeout > 0 {
				cfg.Request.OAuth2.Timeout = tt.timeout
			}
			var network policy.Rules
			if tt.deny != "" {
				network.Deny = []netip.Prefix{netip.MustParsePrefix(tt.deny)}
			}
			if tt.denyHost != "" {
				network.DenyHosts = []string{tt.denyHost}
			}
			var log bytes.Buffer
			s := newTokenSource(cfg, network, load.NewLimiter(Limits{}), slog.New(slog.NewTextHandler(&log, nil)))
			_, err := s.renew(t.Context())
			assert.Equal(t, tt.code, errcode.FromError(err), "error: %v", err)
			_, err = s.authorization()
			assert.Equal(t, tt.code, errcode.FromError(err))
			require.ErrorContains(t, err, tt.text)
			require.ErrorContains(t, err, "the token endpoint")
			for _, secret := range []string{"hidden", "s3cret", "from the peer"} {
				assert.NotContains(t, strings.ToLower(log.String()), secret)
			}
			assert.Contains(t, log.String(), "code="+tt.code.String())
		})
	}
}

// tokens returns a source that fetches with next.
func tokens(next func() (*token, error)) *tokenSource {
	return &tokenSource{
		log: slog.New(slog.DiscardHandler), attempted: make(chan struct{}), failure: errNoTokenYet,
		fetch: func(context.Context) (*token, error) { return next() },
	}
}

func TestTokenIsRenewedAheadOfItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var fetched []time.Duration
		start := time.Now()
		s := tokens(func() (*token, error) {
			fetched = append(fetched, time.Since(start))
			return &token{authorization: "Bearer t", expiry: time.Now().Add(100 * time.Second)}, nil
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
		s := tokens(func() (*token, error) {
			if attempts++; attempts == 1 {
				return &token{authorization: "Bearer t", expiry: time.Now().Add(100 * time.Second)}, nil
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
		assert.Equal(t, errcode.Credentials, errcode.FromError(err))
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
	s := newTokenSource(withOAuth2(t, endpoint), policy.Rules{}, load.NewLimiter(Limits{}), slog.New(slog.DiscardHandler))
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
		assert.Equal(t, 1, m.limiter.Connections.Used(), "that of the fetch")
		_, rate := m.limiter.InUse()
		assert.InDelta(t, 0.001, rate, 1e-9)
		grant(w)
	})
	m = managed(t, Limits{Rate: 0.001, Connections: 1})
	cfg := withOAuth2(t, endpoint)
	c, err := m.compile(cfg, policy.Rules{}, nil)
	require.NoError(t, err)
	_, err = c.supplies[0].(*tokenSource).renew(t.Context())
	require.NoError(t, err)
	assert.Zero(t, m.limiter.Connections.Used())

	cfg.Request.OAuth2.Timeout = 20 * time.Millisecond
	c, err = m.compile(cfg, policy.Rules{}, nil)
	require.NoError(t, err)
	_, err = c.supplies[0].(*tokenSource).renew(t.Context())
	assert.Equal(t, errcode.LocalResources, errcode.FromError(err), "%v: the rate is used up", err)

	m = managed(t, Limits{Connections: 1})
	require.True(t, m.limiter.Connections.TryAcquire())
	c, err = m.compile(cfg, policy.Rules{}, nil)
	require.NoError(t, err)
	_, err = c.supplies[0].(*tokenSource).renew(t.Context())
	assert.Equal(t, errcode.LocalResources, errcode.FromError(err), "%v: no connection", err)
	m.limiter.Connections.Release()
}

func TestATokenThatCannotBeHadIsALineAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		attempts := 0 // of the goroutine of run until ended
		s := tokens(func() (*token, error) {
			attempts++
			return nil, noToken("out of order")
		})
		s.log = slog.New(slog.NewJSONHandler(&text, nil))
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		s.run(ctx)
		var moments []time.Time
		inLog := 0
		for line := range strings.Lines(text.String()) {
			var fields struct {
				Time     time.Time
				Code     errcode.Code
				Attempts int
				Error    string
			}
			require.NoError(t, json.Unmarshal([]byte(line), &fields))
			assert.Equal(t, errcode.Credentials, fields.Code)
			assert.Equal(t, "out of order", fields.Error)
			moments, inLog = append(moments, fields.Time), inLog+fields.Attempts
		}
		require.Len(t, moments, 10)
		for i, at := range moments[1:] {
			assert.GreaterOrEqual(t, at.Sub(moments[i]), time.Minute)
		}
		assert.Equal(t, attempts, inLog, "each attempt is told of, and once")
	})
}

func TestAFetchThatTheProberGivesUpIsItsOwnDoing(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	endpoint := serve(t, func(_ http.ResponseWriter, q *http.Request) {
		_, _ = io.Copy(io.Discard, q.Body)
		close(asked)
		<-q.Context().Done()
	})
	var text bytes.Buffer
	s := newTokenSource(withOAuth2(t, endpoint), policy.Rules{}, load.NewLimiter(Limits{}), slog.New(slog.NewTextHandler(&text, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		<-asked
		cancel()
	}()
	_, err := s.renew(ctx)
	assert.Equal(t, errcode.Cancelled, errcode.FromError(err), "%v", err)
	assert.Empty(t, text.String())
}

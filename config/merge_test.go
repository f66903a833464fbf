package config

import (
	"crypto/tls"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/option"
)

func TestTargetsOverrideDefaultsKeyByKey(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(workspace(t, "testdata/good"), "defaults.yml"))
	require.NoError(t, err)
	inherits, overrides, another, plain := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3]

	t.Run("a target that says nothing has all of the defaults", func(t *testing.T) {
		assert.Equal(t, map[string]string{"team": "payments", "tier": "gold"}, inherits.Labels)
		assert.Equal(t, Burst{Rate: 50, Duration: 2 * time.Second, Concurrency: 4, Arrival: ArrivalConstant, Precision: PrecisionSleep}, inherits.Burst)
		assert.Equal(t, `{"sku":1}`, string(inherits.Request.Body))
		assert.Equal(t, "payload.json", inherits.Request.BodyFile)
		assert.NotEmpty(t, inherits.Connection.TLS.CA)
	})
	t.Run("mappings merge, null takes away", func(t *testing.T) {
		assert.Equal(t, map[string]string{"tier": "silver", "zone": "b"}, overrides.Labels)
		assert.Equal(t, Burst{Requests: 7, Concurrency: 4, Arrival: ArrivalConstant, Precision: PrecisionSleep}, overrides.Burst)
		assert.Equal(t, 5*time.Second, overrides.Timeout)
		assert.Equal(t, 10*time.Second, overrides.Interval)
		assert.Equal(t, "ca.pem", overrides.Connection.TLS.CAFile)
		assert.EqualValues(t, tls.VersionTLS13, overrides.Connection.TLS.MinVersion)
	})
	t.Run("headers merge without case, in their place", func(t *testing.T) {
		assert.Equal(t, []Header{
			{"accept", []string{"application/json", "text/plain"}},
			{"User-Agent", []string{"prober"}},
			{"X-New", []string{"x"}},
		}, overrides.Request.Headers)
	})
	t.Run("lists are replaced", func(t *testing.T) {
		assert.Equal(t, []option.StatusRange{{From: 503, To: 503}}, overrides.Expect.Status)
		assert.Nil(t, another.Expect.Status)
	})
	t.Run("null puts the built-in default back", func(t *testing.T) {
		assert.Nil(t, plain.Labels)
		assert.Nil(t, plain.Expect.Status)
		assert.Nil(t, another.Request.Headers)
	})
	t.Run("one kind of body replaces another", func(t *testing.T) {
		assert.Equal(t, Request{Method: "POST", BodySize: 64 << 10}, another.Request)
		assert.Nil(t, plain.Request.Body)
	})
	t.Run("a section that is null is the built-in one, a blank one says nothing", func(t *testing.T) {
		assert.Equal(t, Connection{
			HTTPVersion: option.AutoHTTP, Reuse: ReuseAlways, StreamsPerConnection: 100, Dial: option.Dial{Clock: option.KernelClock, IPVersion: option.AnyIP, ConnectTimeout: 5 * time.Second, TLSTimeout: 5 * time.Second},
		}, another.Connection)
		assert.Equal(t, inherits.Burst, another.Burst)
	})
	t.Run("what has no meaning for a target is not inherited", func(t *testing.T) {
		assert.Zero(t, plain.Connection.TLS)
		assert.Zero(t, overrides.Connection.RequestsPerConnection)
	})
	t.Run("no target shares what another may change", func(t *testing.T) {
		inherits.Labels["team"] = "changed"
		inherits.Request.Headers[0].Name = "Changed"
		assert.Equal(t, "payments", another.Labels["team"])
		assert.Equal(t, "Accept", plain.Request.Headers[0].Name)
	})
}

func TestTargetsOverrideNestedMappings(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(workspace(t, "testdata/good"), "nested-defaults.yml"))
	require.NoError(t, err)
	inherits, overrides, other, plain := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3]
	const password = "canary pass:word ü"

	t.Run("a target that says nothing has all of the defaults", func(t *testing.T) {
		assert.Equal(t, &BasicAuth{Username: "u", PasswordFile: "password", Password: password}, inherits.Request.BasicAuth)
		assert.Equal(t, []string{"gzip", "br"}, inherits.Request.Compression)
		assert.Equal(t, map[string]any{"status": "up", "error": nil}, inherits.Expect.Body.JSON)
		assert.Equal(t, &Breaker{After: 5, For: time.Minute}, inherits.Breaker)
	})
	t.Run("mappings merge at every depth", func(t *testing.T) {
		assert.Equal(t, &BasicAuth{Username: "v", PasswordFile: "password", Password: password}, overrides.Request.BasicAuth)
		assert.Equal(t, &Breaker{After: 5, For: 5 * time.Second}, overrides.Breaker)
		assert.Equal(t, "ok", overrides.Expect.Body.Contains)
	})
	t.Run("switches and numbers go back to nothing", func(t *testing.T) {
		assert.False(t, overrides.Request.Traceparent)
		assert.Zero(t, overrides.Request.FollowRedirects)
	})
	t.Run("expected headers merge without case, null takes one away", func(t *testing.T) {
		assert.Equal(t, []option.FieldPattern{{Name: "content-type", Pattern: "html"}, {Name: "Via", Pattern: ""}}, overrides.Expect.Headers)
	})
	t.Run("JSON values are replaced, for null is one of them", func(t *testing.T) {
		assert.Equal(t, map[string]any{"state": 1.0}, overrides.Expect.Body.JSON)
	})
	t.Run("one way to say a thing replaces another", func(t *testing.T) {
		assert.Zero(t, overrides.Burst.Rate)
		assert.Len(t, overrides.Burst.Stages, 1)
		assert.Equal(t, ArrivalPoisson, overrides.Burst.Arrival)
		assert.Nil(t, overrides.Connection.Resolve)
		assert.Equal(t, netip.MustParseAddrPort("10.0.0.2:53"), overrides.Connection.DNSServer)
		assert.Nil(t, other.Request.BasicAuth)
		assert.Equal(t, "c", other.Request.OAuth2.ClientID)
	})
	t.Run("what has no meaning for a target is not inherited", func(t *testing.T) {
		assert.Equal(t, ArrivalConstant, other.Burst.Arrival)
		assert.Equal(t, PrecisionSleep, other.Burst.Precision)
	})
	t.Run("null takes a mapping away", func(t *testing.T) {
		assert.Nil(t, other.Breaker)
		assert.Equal(t, Expect{MaxBodySize: 1 << 20}, other.Expect)
		assert.Nil(t, plain.Breaker)
		assert.Equal(t, Request{Method: "GET"}, plain.Request)
		assert.Equal(t, Burst{Requests: 1, Arrival: ArrivalConstant, Precision: PrecisionSleep, Concurrency: 10}, plain.Burst)
	})
	t.Run("no target shares what another may change", func(t *testing.T) {
		assert.NotSame(t, inherits.Request.BasicAuth, c.Targets[1].Request.BasicAuth)
		assert.NotSame(t, inherits.Breaker, overrides.Breaker)
		inherits.Request.Compression[0] = "changed"
		inherits.Expect.Body.JSON["status"] = "changed"
		again, err := Load(c.Files[0])
		require.NoError(t, err)
		assert.Equal(t, again.Targets[1:], c.Targets[1:])
	})
}

func TestProxyAndTokenInDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(workspace(t, "testdata/good"), "proxy-in-defaults.yml"))
	require.NoError(t, err)
	direct, secured, follows := c.Targets[1], c.Targets[2], c.Targets[3]

	t.Run("without a proxy nothing of it is left", func(t *testing.T) {
		assert.Zero(t, direct.Connection.Proxy)
		assert.Zero(t, direct.Connection.TLS)
		assert.Nil(t, direct.Request.OAuth2)
	})
	t.Run("an https proxy or a redirect may need TLS where the URL does not", func(t *testing.T) {
		assert.True(t, secured.Connection.TLS.InsecureSkipVerify)
		assert.True(t, follows.Connection.TLS.InsecureSkipVerify)
	})
	t.Run("parameters merge by name", func(t *testing.T) {
		assert.Equal(t, map[string][]string{"audience": {"a", "b"}, "more": {""}}, secured.Request.OAuth2.EndpointParams)
		assert.Nil(t, secured.Request.OAuth2.Scopes)
		assert.Nil(t, follows.Request.OAuth2.EndpointParams)
	})
}

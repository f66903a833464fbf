package config

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/option"
)

func TestTheSchemeOfAURLSelectsItsKind(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Kind{
		"http://h/": KindHTTP, "https://h/": KindHTTP, "tcp://h:1": KindTCP, "tls://h:1": KindTCP, "dns://h": KindDNS, "udp://h:1": "",
		"grpc://h:1": KindGRPC, "grpcs://h:1": KindGRPC,
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		assert.Equal(t, want, Target{URL: u}.Kind(), raw)
	}
	assert.Empty(t, Target{}.Kind())
}

// TestEveryKeyIsKnownToAKind finds renamed keys, and new keys missing from the
// lists of the kinds.
func TestEveryKeyIsKnownToAKind(t *testing.T) {
	t.Parallel()
	all := targetFields(new(Target)).Paths()
	taken := map[string]bool{}
	for _, k := range kinds {
		assert.Subset(t, all, k.keys, k.name)
		for _, scheme := range k.schemes {
			assert.False(t, taken[scheme], "%s selects two kinds", scheme)
			taken[scheme] = true
		}
		assert.Subset(t, k.schemes, k.secured, k.name)
	}
	assert.Subset(t, all, commonKeys)
	for _, path := range all {
		assert.NotEmpty(t, schemes(path), path)
	}
}

func TestATargetHasNothingThatMeansNothingToItsKind(t *testing.T) {
	t.Parallel()
	c, err := Load(workspace(t, "testdata/good") + "/kinds.yml")
	require.NoError(t, err)
	plain, secured, proxied, http := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[5]

	for _, target := range []Target{plain, secured, proxied} {
		assert.Zero(t, target.Request, target.Name)
		assert.Empty(t, target.Connection.HTTPVersion, target.Name)
		assert.Empty(t, target.Connection.Reuse, target.Name)
		assert.Zero(t, target.Connection.StreamsPerConnection, target.Name)
		assert.Equal(t, Expect{MaxLatency: target.Expect.MaxLatency}, target.Expect, target.Name)
		assert.Equal(t, map[string]string{"team": "data"}, target.Labels, target.Name)
	}
	assert.Zero(t, plain.Connection.TLS)
	assert.Zero(t, plain.Connection.TLSTimeout)
	assert.Equal(t, time.Second, plain.Connection.ConnectTimeout)
	assert.Equal(t, &Breaker{After: 3, For: time.Minute}, plain.Breaker)
	assert.Equal(t, "db.internal", secured.Connection.TLS.ServerName)
	assert.NotEmpty(t, secured.Connection.TLS.CA)
	assert.Equal(t, 2*time.Second, secured.Connection.TLSTimeout)
	assert.Zero(t, proxied.Connection.TLSTimeout, "the handshake with a proxy is a part of connecting")
	assert.True(t, proxied.Connection.TLS.InsecureSkipVerify)
	assert.Equal(t, "POST", http.Request.Method)
	assert.Equal(t, option.OnlyHTTP11, http.Connection.HTTPVersion)
}

func TestTargetsOfEveryKindCanBeReadAgain(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		for _, scheme := range k.schemes {
			c, err := Parse([]byte("targets: [{name: a, url: '"+scheme+"://h.example:99'}]"), "prober.yml")
			require.NoError(t, err)
			assert.Equal(t, k.name, c.Targets[0].Kind())
			assertReadsAgain(t, c)
		}
	}
}

func TestAPickedURLMayBeOfAnyKind(t *testing.T) {
	t.Parallel()
	file := []byte("defaults: {request: {method: PUT}, connection: {ip_version: 6}}\ntargets: []")
	c, err := ParseOne(file, "prober.yml", Pick{Target: "TLS://db.example:5432", Burst: map[string]string{"requests": "3"}})
	require.NoError(t, err)
	got := c.Targets[0]
	assert.Equal(t, "tls://db.example:5432", got.Name)
	assert.Equal(t, KindTCP, got.Kind())
	assert.Equal(t, option.OnlyIPv6, got.Connection.IPVersion)
	assert.Equal(t, 3, got.Burst.Requests)
	assert.Zero(t, got.Request)

	_, err = ParseOne(file, "prober.yml", Pick{Target: "tcp://db.example/s3cret"})
	assert.EqualError(t, err, "URL: must end after the port: a target with the scheme tcp has no path and no query")
	_, err = ParseOne(file, "prober.yml", Pick{Target: "tcp://db.example"})
	assert.EqualError(t, err, "URL: needs a port, as in tcp://host:port")
}

func TestAKeyOfAnotherKindSaysWhichURLsHaveIt(t *testing.T) {
	t.Parallel()
	for key, want := range map[string][]string{
		"request.method":         {"http://", "https://"},
		"connection.tls.ca_file": {"http://", "https://", "tcp://", "tls://", "grpc://", "grpcs://", "dns://"},
		"connection.reuse":       {"http://", "https://", "grpc://", "grpcs://", "dns://"},
		"burst":                  {"http://", "https://", "tcp://", "tls://", "grpc://", "grpcs://", "dns://"},
		"dns":                    {"dns://"},
		"dns.name":               {"dns://"},
		"expect.answers.count":   {"dns://"},
		"grpc.service":           {"grpc://", "grpcs://"},
		"expect.message":         {"grpc://", "grpcs://"},
	} {
		assert.Equal(t, want, schemes(key), key)
	}
}

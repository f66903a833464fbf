package config

import (
	"crypto/tls"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/option"
	"example.com/prober/policy"
	"example.com/prober/threshold"
)

func TestEveryKeyReachesItsField(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	c, err := Load(filepath.Join(folder, "full.yml"))
	require.NoError(t, err)
	require.Len(t, c.Targets, 3)

	checkout := fullCheckout(t, folder)
	checkout.URL.RawPath = c.Targets[0].URL.RawPath // an encoding that url.Parse may drop
	assert.Equal(t, checkout, c.Targets[0])
	assert.Equal(t, fullRamps(), c.Targets[1])
	assert.Equal(t, fullProxied(), c.Targets[2])
	requireWindowsOfTheFullFile(t, c.Maintenance)
	assert.Equal(t, Metrics{Buckets: []float64{0.0005, 0.001, 1, 10}, NativeFactor: 1.02}, c.Metrics)
	assert.Equal(t, policy.Rules{
		Deny: []netip.Prefix{
			netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
			netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::1/128"),
		},
		Allow:     []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd00::/8")},
		DenyHosts: []string{"www.example.com", "*.prod.example.com"},
	}, c.Network)
	text, err := os.ReadFile("testdata/good/full.yml")
	require.NoError(t, err)
	for _, key := range connectionFields(new(Connection)).Paths() {
		last := regexp.MustCompile(`[a-z0-9_]+$`).FindString(key)
		assert.Regexp(t, `\b`+last+`:`, string(text), "the file does not have %s", key)
	}
	var files []string
	for _, name := range []string{
		"full.yml", "password", "ca.pem", "client.pem", "client-key.pem", "token", "client-secret",
	} {
		files = append(files, filepath.Join(folder, name))
	}
	assert.Equal(t, files, c.Files)
}

func fullCheckout(t *testing.T, folder string) Target {
	t.Helper()
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		return content
	}
	return Target{
		Name: "shop/checkout:eu-1_a.b",
		URL: &url.URL{
			Scheme: "https", Host: "staging.example.com:8443",
			Path: "/checkout/~user", RawPath: "/checkout/%7Euser", RawQuery: "sku=1&sku=2",
		},
		Labels:   map[string]string{"team": "payments", "tier": "1", "on": "yes"},
		Links:    map[string]string{"logs": "https://logs.example.com/?q={{ target }}"},
		Interval: 90 * time.Second,
		Timeout:  1500 * time.Millisecond,
		Sharding: ShardLoad,
		Burst:    Burst{Requests: 200, Duration: 5 * time.Second, Rate: 100.5, Arrival: ArrivalPoisson, Precision: PrecisionSpin, Concurrency: 20},
		Request: Request{
			Method: "POST",
			Headers: []Header{
				{"Accept", []string{"application/json", "text/plain;q=0.5"}},
				{"X-Number", []string{"1.10"}},
				{"X-Empty", []string{""}},
			},
			Host:            "shop.internal:8443",
			Body:            []byte(`{"sku":1}`),
			BasicAuth:       &BasicAuth{Username: "u ü", PasswordFile: "password", Password: "canary pass:word ü"},
			Compression:     []string{"zstd", "gzip", "br", "deflate"},
			IDHeader:        "X-Request-Id",
			Traceparent:     true,
			FollowRedirects: 20,
		},
		Connection: Connection{
			HTTPVersion: option.OnlyHTTP11, Reuse: ReuseBurst, RequestsPerConnection: 100, StreamsPerConnection: 10000,
			Dial: option.Dial{ConnectTimeout: 2 * time.Second, TLSTimeout: 3 * time.Second, IPVersion: option.PreferIPv6, Clock: option.KernelClock, Resolve: []netip.Addr{
				netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("fd00::7"), netip.MustParseAddr("fe80::7%lo"),
			}},
			TLS: TLS{
				CAFile: "ca.pem", CertFile: "client.pem", KeyFile: "client-key.pem",
				TLS: option.TLS{
					CA: file("ca.pem"), Cert: file("client.pem"), Key: file("client-key.pem"),
					ServerName: "shop.internal",
					MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13,
					InsecureSkipVerify: true, SessionResumption: true,
				},
			},
		},
		Expect: Expect{
			Status:  []option.StatusRange{{From: 200, To: 299}, {From: 404, To: 404}},
			Headers: []option.FieldPattern{{Name: "Content-Type", Pattern: "^application/json"}, {Name: "x-anything", Pattern: ""}},
			Body: option.BodyPattern{
				Contains: "ok\n", Regexp: `"id": ?\d+`,
				JSON: map[string]any{
					"status": "up", "a.b.0": 1.5, "big": -9007199254740991.0, "null": nil, "true": true,
					"text": "1", "empty": "", "day": "2026-01-02", "0": nil,
				},
			},
			HTTPVersion: "1.0",
			MaxLatency:  1500 * time.Millisecond,
			MaxBodySize: 8 << 20,
		},
		Breaker:      &Breaker{After: 50, For: 24 * time.Hour},
		Objective:    &Objective{Availability: 99.9, Latency: 300 * time.Millisecond, Window: 28 * 24 * time.Hour},
		KeepFailures: &KeepFailures{Bodies: 2 << 10},
		Thresholds:   thresholdsOf(t, "p99 > 500ms", "code:13.. > 0", "error_rate > 1 %"),
		Compare:      &Compare{With: "ramps", Margin: 0.05, MinChange: 2 * time.Millisecond, Window: time.Hour},
	}
}

func thresholdsOf(t *testing.T, texts ...string) []threshold.Threshold {
	t.Helper()
	var all []threshold.Threshold
	for _, text := range texts {
		one, err := threshold.Parse(text)
		require.NoError(t, err)
		all = append(all, one)
	}
	return all
}

func fullRamps() Target {
	return Target{
		Name:     "ramps",
		URL:      &url.URL{Scheme: "https", Host: "staging.example.com", Path: "/"},
		Interval: defaultInterval, Timeout: defaultTimeout,
		Sharding: ShardTarget,
		Burst: Burst{
			Requests: 5000,
			Stages:   []Stage{{0, 10}, {10 * time.Second, 50.5}, {time.Minute, 0}},
			Arrival:  ArrivalConstant, Precision: PrecisionSleep, Concurrency: defaultConcurrency,
		},
		Request: Request{
			Method:        "GET",
			Authorization: &Authorization{Type: "Token", CredentialsFile: "token", Credentials: "canary.token"},
		},
		Connection: Connection{
			HTTPVersion: option.OnlyHTTP3, Reuse: ReuseAlways, StreamsPerConnection: 100,
			TLS: TLS{TLS: option.TLS{SessionResumption: true, EarlyData: true}},
			Dial: option.Dial{
				ConnectTimeout: defaultConnectTimeout,
				TLSTimeout:     defaultTLSTimeout,
				IPVersion:      option.OnlyIPv4,
				DNSServer:      netip.MustParseAddrPort("10.0.0.2:53"),
				SourceAddress:  netip.MustParseAddr("10.0.0.9"),
				Clock:          option.ProgramClock,
			},
		},
		Expect: Expect{HTTPVersion: "3", MaxBodySize: 1 << 20},
	}
}

func fullProxied() Target {
	return Target{
		Name:     "proxied",
		URL:      &url.URL{Scheme: "http", Host: "staging.example.com", Path: "/"},
		Interval: defaultInterval, Timeout: defaultTimeout,
		Sharding: ShardTarget,
		Burst:    Burst{Requests: 1, Arrival: ArrivalConstant, Precision: PrecisionSleep, Concurrency: defaultConcurrency},
		Request: Request{
			Method: "GET",
			OAuth2: &OAuth2{
				ClientID: "prober", ClientSecretFile: "client-secret", ClientSecret: "canary secret",
				TokenURL:       &url.URL{Scheme: "https", Host: "login.example.com", Path: "/token", RawQuery: "tenant=1"},
				Scopes:         []string{"read", "write:all", "null"},
				EndpointParams: map[string][]string{"audience": {"shop"}, "resource": {"a", "", "1"}},
				Timeout:        5 * time.Second,
			},
		},
		Connection: Connection{
			HTTPVersion: option.H2C, Reuse: ReuseAlways, StreamsPerConnection: 100,
			Dial: option.Dial{
				ConnectTimeout: defaultConnectTimeout,
				TLSTimeout:     defaultTLSTimeout,
				IPVersion:      option.AnyIP,
				DNSServer:      netip.MustParseAddrPort("[fd00::2]:5353"),
				Clock:          option.KernelClock,
			},
			Proxy: Proxy{
				URL:      &url.URL{Scheme: "socks5h", Host: "proxy.internal:1080"},
				Username: "p", PasswordFile: "password", Password: "canary pass:word ü",
				NoProxy: []string{"localhost", "*.example.org", ".example.net:8080", "10.0.0.0/8", "::1", "[::1]:80", "*"},
			},
		},
		Expect: Expect{MaxBodySize: 1 << 20},
	}
}

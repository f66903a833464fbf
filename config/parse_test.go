package config

import (
	"crypto/tls"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMinimalFileGetsEveryDefault(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/good/minimal.yml")
	require.NoError(t, err)
	want := &Config{
		Targets: []Target{{
			Name:     "home",
			URL:      &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/"},
			Interval: 30 * time.Second,
			Timeout:  10 * time.Second,
			Burst:    Burst{Requests: 1, Arrival: ArrivalConstant, Concurrency: 10},
			Request:  Request{Method: "GET"},
			Connection: Connection{
				HTTPVersion:    HTTPAuto,
				Reuse:          ReuseAlways,
				ConnectTimeout: 5 * time.Second,
				TLSTimeout:     5 * time.Second,
			},
		}},
		Metrics: Metrics{
			Buckets:          []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20},
			NativeHistograms: true,
		},
		Network: Network{Deny: []netip.Prefix{
			netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
			netip.MustParsePrefix("fd00:ec2::254/128"), netip.MustParsePrefix("100.100.100.200/32"),
		}},
		Files: []string{"testdata/good/minimal.yml"},
	}
	assert.Equal(t, want, c)
}

func TestEveryKeyReachesItsField(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join(folder, name))
		require.NoError(t, err)
		return content
	}
	c, err := Load(filepath.Join(folder, "full.yml"))
	require.NoError(t, err)
	want := &Config{
		Targets: []Target{{
			Name: "shop/checkout:eu-1_a.b",
			URL: &url.URL{
				Scheme: "https", Host: "staging.example.com:8443",
				Path: "/checkout/~user", RawPath: "/checkout/%7Euser", RawQuery: "sku=1&sku=2",
			},
			Labels:   map[string]string{"team": "payments", "tier": "1", "on": "yes"},
			Interval: 90 * time.Second,
			Timeout:  1500 * time.Millisecond,
			Burst:    Burst{Requests: 200, Duration: 5 * time.Second, Rate: 100.5, Arrival: ArrivalConstant, Concurrency: 20},
			Request: Request{
				Method: "POST",
				Headers: []Header{
					{"Accept", []string{"application/json", "text/plain;q=0.5"}},
					{"X-Number", []string{"1.10"}},
					{"X-Empty", []string{""}},
				},
				Host: "shop.internal:8443",
				Body: []byte(`{"sku":1}`),
			},
			Connection: Connection{
				HTTPVersion: HTTP11, Reuse: ReuseBurst, RequestsPerConnection: 100,
				ConnectTimeout: 2 * time.Second, TLSTimeout: 3 * time.Second,
				TLS: TLS{
					CAFile: "ca.pem", CA: file("ca.pem"),
					CertFile: "client.pem", Cert: file("client.pem"),
					KeyFile: "client-key.pem", Key: file("client-key.pem"),
					ServerName: "shop.internal",
					MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS13,
					InsecureSkipVerify: true,
				},
			},
			Expect: Expect{Status: []StatusRange{{200, 299}, {404, 404}}},
		}},
		Metrics: Metrics{Buckets: []float64{0.0005, 0.001, 1, 10}},
		Network: Network{
			Deny: []netip.Prefix{
				netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
				netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::1/128"),
			},
			Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")},
		},
		Files: []string{
			filepath.Join(folder, "full.yml"), filepath.Join(folder, "ca.pem"),
			filepath.Join(folder, "client.pem"), filepath.Join(folder, "client-key.pem"),
		},
	}
	want.Targets[0].URL.RawPath = c.Targets[0].URL.RawPath // an encoding that url.Parse may drop
	assert.Equal(t, want, c)
}

func TestTargetsOverrideDefaultsKeyByKey(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(workspace(t, "testdata/good"), "defaults.yml"))
	require.NoError(t, err)
	inherits, overrides, another, plain := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3]

	t.Run("a target that says nothing has all of the defaults", func(t *testing.T) {
		assert.Equal(t, map[string]string{"team": "payments", "tier": "gold"}, inherits.Labels)
		assert.Equal(t, Burst{Rate: 50, Duration: 2 * time.Second, Concurrency: 4, Arrival: ArrivalConstant}, inherits.Burst)
		assert.Equal(t, `{"sku":1}`, string(inherits.Request.Body))
		assert.Equal(t, "payload.json", inherits.Request.BodyFile)
		assert.NotEmpty(t, inherits.Connection.TLS.CA)
	})
	t.Run("mappings merge, null takes away", func(t *testing.T) {
		assert.Equal(t, map[string]string{"tier": "silver", "zone": "b"}, overrides.Labels)
		assert.Equal(t, Burst{Requests: 7, Concurrency: 4, Arrival: ArrivalConstant}, overrides.Burst)
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
		assert.Equal(t, []StatusRange{{503, 503}}, overrides.Expect.Status)
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
			HTTPVersion: HTTPAuto, Reuse: ReuseAlways,
			ConnectTimeout: 5 * time.Second, TLSTimeout: 5 * time.Second,
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

func TestAliasesAndMergeKeys(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/good/anchors.yml")
	require.NoError(t, err)
	burst := func(rate float64, concurrency int) Burst {
		return Burst{Requests: 5, Rate: rate, Concurrency: concurrency, Arrival: ArrivalConstant}
	}
	assert.Equal(t, burst(5, 1), c.Targets[0].Burst)
	assert.Equal(t, burst(7, 3), c.Targets[1].Burst, "own keys win over merged ones, earlier over later")
	assert.Equal(t, burst(5, 1), c.Targets[2].Burst)
	assert.Equal(t, "a", c.Targets[0].Labels["self"])
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/good/spelling.yml")
	require.NoError(t, err)
	names := []string{"007", "null", "true", "under_score"}
	hosts := []string{"LocalHost:80", "[::1]:8443", "[fe80::1%lo]", "my_service.example.:8080"}
	for i, target := range c.Targets {
		assert.Equal(t, names[i], target.Name)
		assert.Equal(t, hosts[i], target.URL.Host)
	}
	third, fourth := c.Targets[2], c.Targets[3]
	assert.Equal(t, 36*time.Hour, third.Interval)
	assert.Equal(t, 1500*time.Millisecond, third.Timeout)
	assert.Equal(t, 10, third.Burst.Requests, "a leading zero is not octal")
	assert.EqualValues(t, 100, third.Burst.Rate)
	assert.EqualValues(t, 10_000_000, third.Request.BodySize)
	assert.Equal(t, "two lines\n\"quoted\" : # no comment\n", fourth.Labels["text"])
	assert.Equal(t, "0x1F", fourth.Labels["number"])
	assert.Equal(t, []StatusRange{{404, 404}, {200, 299}, {500, 500}}, fourth.Expect.Status)
	assert.Equal(t, []netip.Prefix{}, c.Network.Deny, "an empty list denies nothing")
}

func TestDefaultBuckets(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{
		time.Millisecond, 100 * time.Millisecond, time.Second, 10 * time.Second, 20 * time.Second,
		30 * time.Second, time.Minute, 10 * time.Minute, maxTimeout,
	} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			bounds := defaultBuckets(timeout)
			assert.NoError(t, checkBuckets(bounds))
			assert.Equal(t, 0.001, bounds[0])
			assert.Greater(t, bounds[len(bounds)-1], timeout.Seconds())
			assert.LessOrEqual(t, bounds[len(bounds)-2], timeout.Seconds(), "one bound beyond the timeout is enough")
		})
	}
	assert.Equal(t, []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100}, defaultBuckets(time.Minute))
}

func TestBucketsFollowTheLongestTimeout(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/good/spelling.yml")
	require.NoError(t, err)
	assert.EqualValues(t, 5000, c.Metrics.Buckets[len(c.Metrics.Buckets)-1])
}

func TestLoadWithoutAUsableFile(t *testing.T) {
	t.Parallel()
	folder := workspace(t, "testdata/good")
	for name, want := range map[string]string{
		"nowhere.yml": "no such file or directory",
		"folder":      "not a regular file",
		"huge.bin":    "larger than 16MiB",
	} {
		path := filepath.Join(folder, name)
		_, err := Load(path)
		assert.EqualError(t, err, "read configuration "+path+": "+want)
	}
}

func TestErrorsCanBeTakenApart(t *testing.T) {
	t.Parallel()
	_, err := Parse([]byte("targets:\n- name: a\n  url: ftp://x\n  burst: {rate: 0}\nmetrics: 1\n"), "conf/prober.yml")
	var errs Errors
	require.ErrorAs(t, err, &errs)
	want := []Error{
		{"conf/prober.yml", 3, `targets[0] "a"`, "url", "must begin with http:// or https://"},
		{"conf/prober.yml", 4, `targets[0] "a"`, "burst.rate", "must be above 0"},
		{"conf/prober.yml", 5, "", "metrics", "must be a mapping, not a single value"},
	}
	assert.Equal(t, Errors(want), errs)
	assert.Equal(t, `conf/prober.yml:4: targets[0] "a": burst.rate: must be above 0`, errs[1].Error())
	var first Error
	require.ErrorAs(t, err, &first)
	assert.Equal(t, want[0], first)
}

func TestDistance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"rate", "rate", 0}, {"rte", "rate", 1},
		{"raate", "rate", 1}, {"rase", "rate", 1}, {"raet", "rate", 1}, {"host", "reuse", 4},
	} {
		assert.Equal(t, test.want, distance(test.a, test.b), "%q and %q", test.a, test.b)
	}
}

func TestEveryTargetKeepsTheOrderOfTheFile(t *testing.T) {
	t.Parallel()
	c, err := Load(filepath.Join(workspace(t, "testdata/good"), "defaults.yml"))
	require.NoError(t, err)
	names := slices.Collect(func(yield func(string) bool) {
		for _, target := range c.Targets {
			if !yield(target.Name) {
				return
			}
		}
	})
	assert.Equal(t, []string{"inherits-everything", "overrides-key-by-key", "takes-another-body", "speaks-http"}, names)
}

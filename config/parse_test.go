package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/policy"
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
			Sharding: ShardTarget,
			Burst:    Burst{Requests: 1, Arrival: ArrivalConstant, Precision: PrecisionSleep, Concurrency: 10},
			Request:  Request{Method: "GET"},
			Connection: Connection{
				HTTPVersion:          option.AutoHTTP,
				Reuse:                ReuseAlways,
				StreamsPerConnection: 100,
				Dial:                 option.Dial{ConnectTimeout: 5 * time.Second, TLSTimeout: 5 * time.Second, IPVersion: option.AnyIP, Clock: option.KernelClock},
			},
			Expect: Expect{MaxBodySize: 1 << 20},
		}},
		Metrics: Metrics{
			Buckets:          []float64{0.001, 0.0016, 0.0025, 0.004, 0.0063, 0.01, 0.016, 0.025, 0.04, 0.063, 0.1, 0.16, 0.25, 0.4, 0.63, 1, 1.6, 2.5, 6.3, 16},
			NativeHistograms: true, NativeFactor: 1.05,
		},
		Network: policy.Rules{Deny: []netip.Prefix{
			netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
			netip.MustParsePrefix("fd00:ec2::/32"), netip.MustParsePrefix("fd20:ce::254/128"),
			netip.MustParsePrefix("168.63.129.16/32"), netip.MustParsePrefix("192.0.0.192/32"),
			netip.MustParsePrefix("fd00:c1::a9fe:a9fe/128"), netip.MustParsePrefix("100.100.100.200/32"),
			netip.MustParsePrefix("fd00:100::100:200/128"), netip.MustParsePrefix("100.96.0.96/32"),
			netip.MustParsePrefix("100.80.80.80/32"), netip.MustParsePrefix("fd00:42::42/128"),
			netip.MustParsePrefix("fd00:a9fe:a9fe::1/128"),
		}},
		Files: []string{"testdata/good/minimal.yml"},
	}
	assert.Equal(t, want, c)
}

func TestAliasesAndMergeKeys(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/good/anchors.yml")
	require.NoError(t, err)
	burst := func(rate float64, concurrency int) Burst {
		return Burst{Requests: 5, Rate: rate, Concurrency: concurrency, Arrival: ArrivalConstant, Precision: PrecisionSleep}
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
	assert.Equal(t, []option.StatusRange{{From: 404, To: 404}, {From: 200, To: 299}, {From: 500, To: 500}}, fourth.Expect.Status)
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
	assert.Equal(t, []float64{2.5, 10, 63}, defaultBuckets(time.Minute)[17:])
	assert.Equal(t, []float64{0.63, 1, 1.6}, defaultBuckets(time.Second)[14:])
}

// A quantile of classic buckets lies on a line from the beginning of a bucket to its end. It is furthest off if all
// requests take the same time.
func TestDefaultBucketsPutAQuantileOffByThisAtMost(t *testing.T) {
	t.Parallel()
	for quantile, most := range map[float64]float64{0.5: 0.30, 0.9: 0.54, 0.99: 0.60} {
		for _, timeout := range []time.Duration{time.Second, 10 * time.Second, time.Minute, maxTimeout} {
			bounds := defaultBuckets(timeout)
			worst := 0.0
			for i := 1; i < len(bounds) && bounds[i] <= 2.5; i++ {
				low, high := bounds[i-1], bounds[i]
				shown := low + quantile*(high-low)
				worst = max(worst, shown/low-1, 1-shown/high)
			}
			assert.LessOrEqual(t, worst, most+1e-9, "%v of a timeout of %s", quantile, timeout)
		}
	}
}

func TestBucketsFollowTheLongestTimeout(t *testing.T) {
	t.Parallel()
	c, err := Load("testdata/good/spelling.yml")
	require.NoError(t, err)
	assert.EqualValues(t, 4000, c.Metrics.Buckets[len(c.Metrics.Buckets)-1])
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
	var errs form.Errors
	require.ErrorAs(t, err, &errs)
	want := []form.Error{
		{File: "conf/prober.yml", Line: 3, Where: `targets[0] "a"`, Path: "url", Msg: "must begin with http://, https://, tcp://, tls://, grpc://, grpcs:// or dns://"},
		{File: "conf/prober.yml", Line: 4, Where: `targets[0] "a"`, Path: "burst.rate", Msg: "must be above 0"},
		{File: "conf/prober.yml", Line: 5, Path: "metrics", Msg: "must be a mapping, not a single value"},
	}
	assert.Equal(t, form.Errors(want), errs)
	assert.Equal(t, `conf/prober.yml:4: targets[0] "a": burst.rate: must be above 0`, errs[1].Error())
	var first form.Error
	require.ErrorAs(t, err, &first)
	assert.Equal(t, want[0], first)
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

package config

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config/form"
)

const pickFile = `
defaults:
  timeout: 3s
  burst: {arrival: poisson}
targets:
  - {name: shop, url: http://shop.example/, burst: {rate: 50, duration: 5s, concurrency: 7}}
  - {name: ramp, url: http://shop.example/, burst: {stages: [{duration: 1s, rate: 10}]}}
  - {name: single, url: http://shop.example/}
`

func TestFlagsGoBeforeTheBurstOfTheFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		target string
		flags  map[string]string
		want   Burst
	}{
		{"without flags the file's holds", "shop", nil,
			Burst{Rate: 50, Duration: 5 * time.Second, Concurrency: 7, Arrival: ArrivalPoisson}},
		{"a flag replaces its key alone", "shop", map[string]string{"rate": "2.5"},
			Burst{Rate: 2.5, Duration: 5 * time.Second, Concurrency: 7, Arrival: ArrivalPoisson}},
		{"null takes a key back", "shop", map[string]string{"rate": "null"},
			Burst{Duration: 5 * time.Second, Concurrency: 7, Arrival: ArrivalConstant}},
		{"a rate replaces stages", "ramp", map[string]string{"rate": "5", "requests": "9"},
			Burst{Requests: 9, Rate: 5, Concurrency: 10, Arrival: ArrivalPoisson}},
		{"stages replace a rate", "shop", map[string]string{"stages": "[{duration: 2s, rate: 8}]", "duration": "null"},
			Burst{Stages: []Stage{{Duration: 2 * time.Second, Rate: 8}}, Concurrency: 7, Arrival: ArrivalPoisson}},
		{"what ends the burst replaces the one request that is only a default", "single", map[string]string{"duration": "2s"},
			Burst{Duration: 2 * time.Second, Concurrency: 10, Arrival: ArrivalConstant}},
		{"a rate brings back what the defaults say about arrivals", "single", map[string]string{"rate": "5"},
			Burst{Requests: 1, Rate: 5, Concurrency: 10, Arrival: ArrivalPoisson}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, err := ParseOne([]byte(pickFile), "prober.yml", Pick{Target: c.target, Burst: c.flags})
			require.NoError(t, err)
			require.Len(t, cfg.Targets, 1)
			assert.Equal(t, c.target, cfg.Targets[0].Name)
			c.want.Precision = PrecisionSleep
			assert.Equal(t, c.want, cfg.Targets[0].Burst)
		})
	}
}

func TestAPickedURLIsATargetOverTheDefaults(t *testing.T) {
	t.Parallel()
	closed := Burst{Requests: 20, Concurrency: 2, Arrival: ArrivalConstant, Precision: PrecisionSleep}
	cfg, err := ParseOne(nil, "", Pick{Target: "HTTP://shop.example/a?token=s3cret"})
	require.NoError(t, err)
	require.Len(t, cfg.Targets, 1)
	got := cfg.Targets[0]
	assert.Equal(t, "http://shop.example/a", got.Name)
	assert.Equal(t, "token=s3cret", got.URL.RawQuery)
	assert.Equal(t, closed, got.Burst)
	assert.Equal(t, 10*time.Second, got.Timeout)
	assert.NotEmpty(t, cfg.Network.Deny)
	assert.NotEmpty(t, cfg.Metrics.Buckets)

	cfg, err = ParseOne([]byte(pickFile), "prober.yml", Pick{Target: "https://shop.example/"})
	require.NoError(t, err)
	require.Len(t, cfg.Targets, 1)
	assert.Equal(t, 3*time.Second, cfg.Targets[0].Timeout)
	assert.Equal(t, closed, cfg.Targets[0].Burst)

	cfg, err = ParseOne([]byte(pickFile), "prober.yml", Pick{Target: "https://shop.example/", Burst: map[string]string{"rate": "5"}})
	require.NoError(t, err)
	assert.Equal(t, Burst{Requests: 20, Rate: 5, Concurrency: 10, Arrival: ArrivalPoisson, Precision: PrecisionSleep}, cfg.Targets[0].Burst)
}

func TestAPickedURLIsHeldAgainstTheNetworkOfTheFile(t *testing.T) {
	t.Parallel()
	file := []byte("targets: []\nnetwork: {deny_hosts: ['*.prod.example']}\n")
	_, err := ParseOne(file, "prober.yml", Pick{Target: "https://shop.staging.example/"})
	require.NoError(t, err)
	_, err = ParseOne(file, "prober.yml", Pick{Target: "https://shop.prod.example/?token=s3cret"})
	require.EqualError(t, err, `URL: is denied by "*.prod.example" in network.deny_hosts`)
}

func TestMistakesInThePickNameTheFlag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, target string
		flags        map[string]string
		want         string
	}{
		{"a value out of range", "shop", map[string]string{"rate": "-5"}, `--burst.rate: must be above 0`},
		{"a value without its unit", "shop", map[string]string{"duration": "5"},
			`--burst.duration: the unit is missing: write 10s for seconds or 10ms for milliseconds`},
		{"a value of another kind", "shop", map[string]string{"requests": "[1]"}, `--burst.requests: must be a single value, not a list`},
		{"no value at all", "shop", map[string]string{"requests": ""},
			`--burst.requests: has no value; remove the key, or write null for the built-in default`},
		{"what is not even YAML", "shop", map[string]string{"stages": "[{"}, `--burst.stages: is not a valid value`},
		{"what only a file can hold", "shop", map[string]string{"requests": "!!str 5"}, `--burst.requests: is not a valid value`},
		{"a mistake inside a list", "shop", map[string]string{"stages": "[{duration: 1s, rate: -1}]"}, `--burst.stages[0].rate: must be at least 0`},
		{"two flags that exclude each other", "shop", map[string]string{"rate": "5", "stages": "[{duration: 1s, rate: 1}]"},
			`--burst.stages: cannot be combined with burst.rate, which is a flag too`},
		{"a flag against what the file says", "shop", map[string]string{"duration": "24h", "rate": "100000"},
			`--burst.rate: rate and duration make more than 10000000 requests in one burst`},
		{"a flag without meaning here", "single", map[string]string{"arrival": "poisson"},
			`--burst.arrival: poisson has no meaning without burst.rate or burst.stages`},
		{"several at once", "single", map[string]string{"concurrency": "0", "requests": "0"},
			"--burst.requests: must be at least 1\n--burst.concurrency: must be at least 1"},
		{"an unknown target like a known one", "shpo", nil, `prober.yml has no target "shpo", did you mean "shop"?`},
		{"an unknown target like none", "checkout", nil, `prober.yml has no target "checkout"; it has shop, ramp, single`},
		{"a URL without its scheme", "shop.example/cart", nil,
			`prober.yml has no target "shop.example/cart"; a URL begins with http://, https://, tcp://, tls://, grpc://, grpcs:// or dns://`},
		{"what cannot be a target", "ftp://user:s3cret@shop.example/", nil,
			`prober.yml has no such target: a name must be 1 to 128 letters, digits and any of _.:/-`},
		{"a URL with credentials", "http://user:s3cret@shop.example/", nil,
			`URL: must not contain a user name or password: URLs end up in labels, logs and pages`},
		{"a flag for a URL", "http://shop.example/", map[string]string{"concurrency": "many"}, `--burst.concurrency: must be a whole number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseOne([]byte(pickFile), "prober.yml", Pick{Target: c.target, Burst: c.flags})
			require.EqualError(t, err, c.want)
			var mistake form.Error
			require.ErrorAs(t, err, &mistake)
			assert.Empty(t, mistake.File)
		})
	}
}

func TestAMistakeOfTheFileIsReportedAtItsLine(t *testing.T) {
	t.Parallel()
	_, err := ParseOne([]byte("targets:\n  - {name: a, url: http://a.example/, burst: {rate: -1}}\n"), "prober.yml",
		Pick{Target: "a", Burst: map[string]string{"rate": "5"}})
	require.EqualError(t, err, `prober.yml:2: targets[0] "a": burst.rate: must be above 0`)
	_, err = ParseOne([]byte("defaults: {breaker: {for: 1m}}\ntargets: []\n"), "prober.yml", Pick{Target: "http://a.example/"})
	require.EqualError(t, err, `prober.yml:1: defaults: breaker.after: missing`)
	_, err = ParseOne([]byte("targets: []\n"), "prober.yml", Pick{Target: "a"})
	require.EqualError(t, err, `prober.yml has no targets`)
}

func TestATargetThatIsDiscoveredHasNoBurstByHand(t *testing.T) {
	t.Parallel()
	_, err := ParseOne([]byte(discovery), filepath.Join(workspace(t, "testdata/good"), "prober.yml"), Pick{Target: "shop/cart"})
	require.ErrorContains(t, err, "has no targets; prober fire cannot use discovered targets")
}

func TestThresholdsOfFlagsStandBesideThoseOfTheFile(t *testing.T) {
	t.Parallel()
	file := []byte("defaults: {thresholds: ['max > 1s']}\ntargets:\n  - {name: shop, url: http://shop.example/, thresholds: [p99 > 500ms]}\n")
	for _, c := range []struct {
		name, target string
		flags        []string
		want         []string
	}{
		{"without flags the file's hold", "shop", nil, []string{"p99 > 500ms"}},
		{"a flag adds to them", "shop", []string{"error_rate > 1%", "p99>500ms"}, []string{"p99 > 500ms", "error_rate > 1%"}},
		{"null takes back what is before it", "shop", []string{"max > 2s", "null", "error_rate > 1%"}, []string{"error_rate > 1%"}},
		{"a URL has those of the defaults", "http://shop.example/", []string{"p99 > 2s"}, []string{"max > 1s", "p99 > 2s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg, err := ParseOne(file, "prober.yml", Pick{Target: c.target, FailIf: c.flags})
			require.NoError(t, err)
			assert.Equal(t, thresholdsOf(t, c.want...), cfg.Targets[0].Thresholds)
		})
	}
	for _, target := range []string{"shop", "http://shop.example/"} {
		_, err := ParseOne(file, "prober.yml", Pick{Target: target, FailIf: []string{"p99 > 1", "sum > 5"}})
		require.EqualError(t, err, `--fail-if: "p99 > 1": the limit of p99 must be a time such as 500ms or 1.5s
--fail-if: "sum > 5": must begin with p50, p90, p95, p99, p99.9, max, mean, error_rate, rate, code:, dropped, journeys_failed or journeys_interrupted`)
	}
}

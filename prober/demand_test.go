package prober

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/config"
	"example.com/prober/internal/peers/certs"
	"example.com/prober/option"
)

// demandOf returns the demand of one target with a burst every ten seconds.
func demandOf(burst config.Burst, s Shard) Demand {
	t := testConfig(burst)
	t.Interval, t.Sharding = 10*time.Second, config.ShardLoad
	return DemandOf(&config.Config{Targets: []config.Target{t}, Metrics: config.Metrics{Buckets: testBuckets}}, s)
}

func TestDemandIsWhatABurstCanDo(t *testing.T) {
	t.Parallel()
	ramp := []config.Stage{{Duration: time.Minute, Rate: 0}, {Duration: 0, Rate: 100}, {Duration: time.Minute, Rate: 100}}
	for name, tt := range map[string]struct {
		burst         config.Burst
		Part          Shard
		average, peak float64
		inFlight      int
	}{
		"a closed burst has no more in flight than requests": {
			config.Burst{Requests: 3, Concurrency: 50}, Shard{}, 0.3, 0, 3},
		"nor more than workers": {
			config.Burst{Requests: 50, Concurrency: 3}, Shard{}, 5, 0, 3},
		"an open burst has no more in flight than requests": {
			config.Burst{Rate: 100, Requests: 2, Concurrency: 50}, Shard{}, 0.2, 100, 2},
		"nor more than arrivals of its duration": {
			config.Burst{Rate: 2, Duration: 2 * time.Second, Concurrency: 50}, Shard{}, 0.4, 2, 4},
		"random arrivals may come together, but no more than requests": {
			config.Burst{Rate: 2, Duration: 2 * time.Second, Requests: 7, Concurrency: 50, Arrival: config.ArrivalPoisson}, Shard{}, 0.4, 2, 7},
		"random arrivals without a number may be any": {
			config.Burst{Rate: 2, Duration: 2 * time.Second, Concurrency: 50, Arrival: config.ArrivalPoisson}, Shard{}, 0.4, 2, 50},
		"a burst that overruns its interval leaves out slots": {
			config.Burst{Rate: 5, Duration: 25 * time.Second, Concurrency: 1}, Shard{}, 125.0 / 30, 5, 1},
		"one that ends at the slot overruns none": {
			config.Burst{Rate: 5, Duration: 10 * time.Second, Concurrency: 1}, Shard{}, 5, 5, 1},
		"a number of requests overruns as well": {
			config.Burst{Rate: 1, Requests: 15, Concurrency: 1}, Shard{}, 15.0 / 20, 1, 1},
		"a duration cuts stages": {
			config.Burst{Duration: time.Second, Concurrency: 50, Stages: []config.Stage{{Duration: 20 * time.Second, Rate: 200}}}, Shard{}, 0.5, 10, 5},
		"to nothing where the rate is still 0": {
			config.Burst{Duration: time.Second, Concurrency: 50, Stages: ramp}, Shard{}, 0, 0, 0},
		"a shard of a closed burst": {
			config.Burst{Requests: 4, Concurrency: 50}, Shard{Ordinal: 1, Total: 3}, 4.0 / 30, 0, 1},
		"a shard of an open burst": {
			config.Burst{Rate: 100, Requests: 4, Concurrency: 50}, Shard{Ordinal: 0, Total: 3}, 4.0 / 30, 100.0 / 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := demandOf(tt.burst, tt.Part)
			assert.InDelta(t, tt.average, d.AverageRate, 1e-9)
			assert.InDelta(t, tt.peak, d.PeakRate, 1e-9)
			assert.Equal(t, tt.inFlight, d.InFlight)
			assert.Equal(t, tt.inFlight, d.Connections)
		})
	}
}

func TestDemandCountsNothingForAShardWithoutWork(t *testing.T) {
	t.Parallel()
	assert.Zero(t, demandOf(config.Burst{Requests: 2, Concurrency: 5}, Shard{Ordinal: 2, Total: 3}).Targets)
}

func TestBurstsThatCannotEndBeforeTheNextSlotAreNamed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		burst config.Burst
		lasts time.Duration // 0 if no slot need be skipped
	}{
		"an open burst whose last arrival is due with the slot": {config.Burst{Rate: 1, Requests: 11}, 10 * time.Second},
		"an open burst that just fits":                          {config.Burst{Rate: 1, Requests: 10}, 0},
		"an open burst as long as the interval":                 {config.Burst{Rate: 1, Duration: 10 * time.Second}, 0},
		"stages that are longer":                                {config.Burst{Stages: []config.Stage{{Rate: 1}, {Duration: 12 * time.Second, Rate: 1}}}, 11 * time.Second},
		"stages that are cut":                                   {config.Burst{Duration: 5 * time.Second, Stages: []config.Stage{{Rate: 1}, {Duration: 12 * time.Second, Rate: 1}}}, 0},
		"a closed burst as long as the interval":                {config.Burst{Duration: 10 * time.Second}, 10 * time.Second},
		"a closed burst of a number of requests":                {config.Burst{Duration: time.Minute, Requests: 5}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := testConfig(tt.burst)
			target.Interval = 10 * time.Second
			var want []Overrun
			if tt.lasts > 0 {
				want = []Overrun{{target.Name, tt.lasts, target.Interval}}
			}
			assert.Equal(t, want, OverrunsOf(&config.Config{Targets: []config.Target{target}}, Shard{}))
		})
	}
}

// TestCheckingMoreTargetsCostsLittleMore counts allocations. They stand for the work:
// the pages of a target take ten thousand.
func TestCheckingMoreTargetsCostsLittleMore(t *testing.T) { //nolint:paralleltest // it counts the allocations of the process
	const perTarget = 400
	few, many := targetsOf(t, 10), targetsOf(t, 110)
	for name, check := range map[string]func(*config.Config){
		"demand":  func(cfg *config.Config) { DemandOf(cfg, Shard{}) },
		"compile": func(cfg *config.Config) { assert.NoError(t, Check(cfg, Shard{})) },
	} {
		more := testing.AllocsPerRun(3, func() { check(many) }) - testing.AllocsPerRun(3, func() { check(few) })
		assert.Less(t, more/100, float64(perTarget), name)
	}
}

func BenchmarkDemandOfAThousandTargets(b *testing.B) {
	cfg := targetsOf(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		DemandOf(cfg, Shard{})
	}
}

func BenchmarkCheckOfAThousandTargets(b *testing.B) {
	cfg := targetsOf(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(cfg, Shard{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReloadOfAThousandTargets compares them with the running ones. None has
// changed, but their certificates were read anew.
func BenchmarkReloadOfAThousandTargets(b *testing.B) {
	before := targetsOf(b, 1000)
	ca := bytes.Repeat(before.Targets[0].Connection.TLS.CA, 300) // as long as the authorities of a system
	after := &config.Config{Targets: slices.Clone(before.Targets)}
	again := bytes.Clone(ca)
	m := NewManager(Options{Metrics: before.Metrics})
	for i := range before.Targets {
		before.Targets[i].Connection.TLS.CA, after.Targets[i].Connection.TLS.CA = ca, again
		m.entries[before.Targets[i].Name] = &entry{cfg: &before.Targets[i]}
	}
	b.ReportAllocs()
	for b.Loop() {
		changed, err := m.compileChanged(after, after.Targets)
		require.NoError(b, err)
		require.Empty(b, changed)
	}
}

// targetsOf returns so many https targets with expectations. They trust an authority and
// show a certificate of their own.
func targetsOf(tb testing.TB, n int) *config.Config {
	tb.Helper()
	cfg := &config.Config{Metrics: config.Metrics{Buckets: testBuckets}}
	pair := certs.Issue(nil, certs.Authority)
	cert, key := certs.PEM(pair), certs.KeyPEM(pair)
	for i := range n {
		t := testConfig(config.Burst{Rate: 10, Requests: 20, Concurrency: 5})
		t.Name = fmt.Sprintf("target-%d", i)
		t.URL = &url.URL{Scheme: "https", Host: fmt.Sprintf("host-%d.example", i), Path: "/"}
		t.Connection.TLS.TLS = option.TLS{CA: cert, Cert: cert, Key: key}
		t.Expect.Body.Regexp = "ok|fine"
		t.Expect.Headers = []option.FieldPattern{{Name: "Content-Type", Pattern: "^application/json"}}
		cfg.Targets = append(cfg.Targets, t)
	}
	return cfg
}

// demandAt returns the demand of one target at a URL.
func demandAt(raw string) Demand {
	t := testConfig(config.Burst{Requests: 20, Concurrency: 5})
	t.URL, _ = url.Parse(raw)
	return DemandOf(&config.Config{Targets: []config.Target{t}, Metrics: config.Metrics{Buckets: testBuckets}}, Shard{})
}

func TestATargetThatOnlyConnectsHasFewerSeriesAndAConnectionForEachRequest(t *testing.T) {
	t.Parallel()
	web, plain, secured := demandAt("http://name.test:80/"), demandAt("tcp://name.test:80"), demandAt("tls://name.test:80")
	assert.Less(t, plain.TypicalSeries, web.TypicalSeries)
	assert.Less(t, plain.MostSeries, web.MostSeries/2, "no status, no version of HTTP and few codes")
	assert.Greater(t, secured.TypicalSeries, plain.TypicalSeries, "a phase and a certificate more")
	assert.Less(t, demandAt("tcp://127.0.0.1:80").TypicalSeries, plain.TypicalSeries, "nothing is looked up")
	assert.Equal(t, 5, plain.Connections)
	assert.Equal(t, 5, secured.Connections)
}

package prober

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/prober/config"
)

// demandAt is the demand of one target at a URL.
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

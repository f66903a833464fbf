package command

import (
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/demo"
	"example.com/prober/internal/rig"
	"example.com/prober/prober"
)

// TestTheDemoHasTheSeriesThatCheckAnnounces counts the series once each target
// has shown all its outcomes.
func TestTheDemoHasTheSeriesThatCheckAnnounces(t *testing.T) {
	t.Parallel()
	server, err := demo.Start()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })
	path, err := server.WriteConfig(t.TempDir())
	require.NoError(t, err)
	d := newIdleFrom(t, path)
	rig.Until(t, "all codes have occurred", func() bool {
		m, err := rig.Scrape(t.Context(), d.url+"/metrics")
		require.NoError(t, err)
		return showsAll(m, server.Behaviours())
	})

	contentType, body := d.scrapeAs(acceptText)
	series := ofTheProber(samplesOf(decode(t, contentType, body)))
	maps.DeleteFunc(series, func(name string, _ float64) bool { return strings.HasPrefix(name, "prober_build_info") })
	announced := prober.DemandOf(d.current.Load(), prober.Shard{Total: 1})
	assert.InEpsilon(t, announced.TypicalSeries, len(series), 0.15, "some of its targets never answer")
	assert.LessOrEqual(t, len(series), announced.MostSeries)
}

// showsAll reports whether each target has shown all its codes. The code for a
// name that does not resolve depends on the machine.
func showsAll(m rig.Metrics, behaviours []demo.Behaviour) bool {
	for _, b := range behaviours {
		codes := m.Codes(b.Name)
		for _, code := range b.Codes {
			if _, occurred := codes[strconv.Itoa(code)]; !occurred && b.Name != "no-such-host" {
				return false
			}
		}
	}
	return true
}

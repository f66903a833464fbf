package validate

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// measured returns a figure of bench/RESULTS.md about a thousand busy targets.
func measured(t *testing.T, what, number string) string {
	t.Helper()
	results, err := os.ReadFile("../../bench/RESULTS.md")
	require.NoError(t, err)
	found := regexp.MustCompile(`(?m)^\| ` + what + ` \| [^|]* \| ` + number + ` \|$`).FindSubmatch(results)
	require.NotNil(t, found, "bench/RESULTS.md does not say: %s", what)
	return string(found[1])
}

func TestRequestsCoverWhatTheBenchmarkMeasured(t *testing.T) {
	m := shipped(t)
	limits := get[*apps.StatefulSet](t, m).Spec.Template.Spec.Containers[0].Resources
	percent, err := resource.ParseQuantity(measured(t, "CPU while not scraped, of a core", `([\d.]+) %`))
	require.NoError(t, err)
	scrape, err := time.ParseDuration(strings.ReplaceAll(measured(t, "CPU of a scrape", `([\d.]+ [µm]?s)`), " ", ""))
	require.NoError(t, err)
	memory, err := resource.ParseQuantity(measured(t, "memory with scrapes, at most", `(\d+) MiB`) + "Mi")
	require.NoError(t, err)

	cores := percent.AsApproximateFloat64()/100 + scrape.Seconds()/scrapeInterval(t, m).Seconds()
	assert.GreaterOrEqual(t, limits.Requests.Cpu().AsApproximateFloat64(), 1.5*cores)
	assert.GreaterOrEqual(t, limits.Requests.Memory().Value(), memory.Value())
	assert.GreaterOrEqual(t, limits.Limits.Memory().Value(), 2*memory.Value())
	assert.True(t, limits.Limits.Cpu().IsZero(), "a prober that is held back measures that")
}

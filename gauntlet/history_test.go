package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scraped is a scrape of a target with so many requests; one of them failed.
func scraped(target string, requests int) string {
	return strings.NewReplacer("TARGET", target, "ALL", fmt.Sprint(requests), "GOOD", fmt.Sprint(requests-1)).Replace(
		`# TYPE prober_request_duration_seconds histogram
prober_request_duration_seconds_bucket{error_code="0",target="TARGET",le="1.0"} 1 # {trace_id="00000000000000010000000000000001"} 0.5
prober_request_duration_seconds_bucket{error_code="0",target="TARGET",le="+Inf"} GOOD
prober_request_duration_seconds_sum{error_code="0",target="TARGET"} ALL.5
prober_request_duration_seconds_count{error_code="0",target="TARGET"} GOOD
prober_request_duration_seconds_bucket{error_code="1212",target="TARGET",le="1.0"} 1
prober_request_duration_seconds_bucket{error_code="1212",target="TARGET",le="+Inf"} 1
prober_request_duration_seconds_sum{error_code="1212",target="TARGET"} 0.5
prober_request_duration_seconds_count{error_code="1212",target="TARGET"} 1
# TYPE prober_request_failures counter
prober_request_failures_total{error_code="1212",phase="connect",target="TARGET"} 1
# TYPE prober_requests counter
prober_requests_total{error_code="0",target="TARGET"} GOOD
prober_requests_total{error_code="1212",target="TARGET"} 1
# TYPE prober_requests_in_flight gauge
prober_requests_in_flight{target="TARGET"} 0
# TYPE prober_requests_waiting gauge
prober_requests_waiting{target="TARGET"} 0
# TYPE prober_requests_scheduled counter
prober_requests_scheduled_total{target="TARGET"} ALL
# EOF
`)
}

const nothing = "# TYPE prober_total_shards gauge\nprober_total_shards 1\n# EOF\n"

// remembered keeps scrapes in a file and reads them again.
func remembered(t *testing.T, scrapes ...string) *past {
	t.Helper()
	h := newHistory(t.TempDir(), 7)
	for _, text := range scrapes {
		h.keep([]byte(text))
	}
	require.NoError(t, h.close())
	p, err := recall(h.path)
	require.NoError(t, err)
	assert.Equal(t, len(scrapes), p.scrapes)
	return p
}

func TestAHistoryThatIsRightIsReadAgainWithNothingWrong(t *testing.T) {
	t.Parallel()
	p := remembered(t, nothing, scraped("a", 3), scraped("a", 3), scraped("a", 9), nothing)
	assert.Empty(t, p.wrong)
	assert.Empty(t, p.lost)
	assert.Equal(t, map[string]float64{"0": 8, "1212": 1}, p.codes("a"), "as it was there last")
	assert.InDelta(t, 8, p.left("a"), 0, "of 9 one found nobody to connect to")
	assert.Zero(t, p.left("b"), "of which there is nothing")
}

func TestAHistoryThatIsWrongIsFoundOut(t *testing.T) {
	t.Parallel()
	change := func(from, to string) string {
		text := strings.Replace(scraped("a", 9), from, to, 1)
		require.NotEqual(t, scraped("a", 9), text)
		return text
	}
	for name, c := range map[string]struct {
		scrapes     []string
		wrong, lost int
	}{
		"a counter falls":                           {[]string{scraped("a", 9), scraped("a", 8)}, 0, 5},
		"it falls while another target comes":       {[]string{scraped("a", 9), change(`scheduled_total{target="a"} 9`, `scheduled_total{target="a"} 8`)}, 1, 1},
		"a series vanishes and its target stays":    {[]string{scraped("a", 9), change(`prober_requests_total{error_code="1212",target="a"} 1`+"\n", "")}, 1, 1},
		"a target that was away may begin again":    {[]string{scraped("a", 9), nothing, scraped("a", 2)}, 0, 0},
		"one that begins again must not fall later": {[]string{scraped("a", 9), nothing, scraped("a", 5), scraped("a", 4)}, 0, 5},
		"a request is in no count":                  {[]string{change(`scheduled_total{target="a"} 9`, `scheduled_total{target="a"} 10`)}, 1, 0},
		"a failure has no phase":                    {[]string{change(`phase="connect",target="a"} 1`, `phase="connect",target="a"} 0`)}, 1, 0},
		"a bucket is below the one before":          {[]string{change(`le="+Inf"} 8`, `le="+Inf"} 0`)}, 2, 0},
	} {
		p := remembered(t, c.scrapes...)
		assert.Len(t, p.wrong, c.wrong, "%s: %q", name, p.wrong)
		assert.Len(t, p.lost, c.lost, "%s: %q", name, p.lost)
	}
}

func TestThePercentileLiesWithinItsBucket(t *testing.T) {
	t.Parallel()
	before := &counts{within: map[string]float64{"0.001": 10, "0.002": 10, "+Inf": 10}}
	after := &counts{within: map[string]float64{"0.001": 108, "0.002": 110, "+Inf": 110}}
	assert.InDelta(t, 0.0015, p99(before, after), 1e-9)
	assert.Zero(t, p99(after, after), "of no request")
	after.within["4"], after.within["+Inf"] = 300, 300
	assert.InDelta(t, 0.002, p99(before, after), 1e-9, "the last bound that is fine")
}

package throughput

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/bench/closed"
)

func TestWhatToolsPrintIsUnderstood(t *testing.T) {
	t.Parallel()
	const wrk = `Running 2s test @ http://127.0.0.1:8080/1024
  Latency Distribution
     50%  605.00us
     75%  620.00us
     90%    1.02ms
     99%   31.10ms
  201006 requests in 2.00s, 247.00MB read
  Non-2xx or 3xx responses: 7
Requests/sec: 100503.00
`
	got, err := parseWrk(t.Context(), task{}, wrk)
	require.NoError(t, err)
	assert.Equal(t, closed.Report{Requests: 201006, Rate: 100503, P50: 605e-6, P99: 31.1e-3, Failures: 7}, got)

	const h2load = `finished in 2.00s, 264522.50 req/s, 280.01MB/s
Requests: 529045 total, 529109 started, 529045 done, 529040 succeeded, 5 failed, 5 errored, 0 timeout
`
	got, err = parseH2load(t.Context(), task{}, h2load)
	require.NoError(t, err)
	assert.Equal(t, 529045, got.Requests)
	assert.Equal(t, 264522.5, got.Rate)
	assert.Equal(t, 5, got.Failures)
	assert.True(t, math.IsNaN(got.P99))

	const hey = `  Requests/sec:	34391.1200
  50%% in 0.0017 secs
  99%% in 0.0044 secs
  [200]	68782 responses
`
	got, err = parseHey(t.Context(), task{}, hey)
	require.NoError(t, err)
	assert.Equal(t, closed.Report{Requests: 68782, Rate: 34391.12, P50: 0.0017, P99: 0.0044}, got)

	_, err = parseWrk(t.Context(), task{}, "unable to connect")
	assert.Error(t, err)
}

func TestTheGridHoldsTheCentralLoadsOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, l := range grid() {
		seen[l.String()]++
	}
	for _, l := range central() {
		assert.Equal(t, 1, seen[l.String()], l)
	}
	assert.Len(t, seen, len(grid()), "the names of loads differ")
}

package rig

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatWrkPrintsIsUnderstood(t *testing.T) {
	t.Parallel()
	r, err := parseWrk(`Running 2s test @ http://127.0.0.1:8080/
  Latency Distribution
     50%  605.00us
     75%  620.00us
     90%    1.02ms
     99%   31.10ms
  201006 requests in 2.00s, 247.00MB read
`)
	require.NoError(t, err)
	assert.Equal(t, Report{Requests: 201006, Latency: Quantiles{P50: 605 * time.Microsecond, P99: 31100 * time.Microsecond}}, r)
	_, err = parseWrk("unable to connect\n")
	assert.ErrorContains(t, err, "unable to connect")
}

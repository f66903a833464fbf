package engines

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/bench/closed"
)

func TestWhatGhzPrintsIsUnderstood(t *testing.T) {
	t.Parallel()
	const printed = `
Summary:
  Count:	7797
  Total:	1.00 s
  Average:	92.11 µs
  Requests/sec:	7796.47

Latency distribution:
  10 % in 70.35 µs 
  50 % in 80.12 µs 
  99 % in 1.27 ms 

Status code distribution:
  [OK]            7790 responses   
  [Unavailable]   7 responses      
`
	got, err := parseGhz(printed)
	require.NoError(t, err)
	assert.Equal(t, closed.Report{Requests: 7797, Rate: 7796.47, P50: 80.12e-6, P99: 1.27e-3, Failures: 7}, got)

	const broken = `Summary:
  Count:	3
  Requests/sec:	3.00
Latency distribution:
  50 % in 1 s 
  99 % in 2 s 
Status code distribution:
  [Unavailable]   3 responses
`
	got, err = parseGhz(broken)
	require.NoError(t, err)
	assert.Equal(t, 3, got.Failures, "no call that went well")

	_, err = parseGhz("connection refused")
	assert.Error(t, err)
}

func TestWhatDnsperfPrintsIsUnderstood(t *testing.T) {
	t.Parallel()
	const printed = `Statistics:

  Queries sent:         85562
  Queries completed:    85559 (100.00%)
  Queries lost:         3 (0.00%)

  Response codes:       NOERROR 85550 (99.99%), SERVFAIL 9 (0.01%)
  Queries per second:   85557.123456
`
	got, err := parseDnsperf(printed)
	require.NoError(t, err)
	assert.Equal(t, 85559, got.Requests)
	assert.Equal(t, 85557.123456, got.Rate)
	assert.Equal(t, 12, got.Failures, "lost, or answered with another code")
	assert.True(t, math.IsNaN(got.P50))

	_, err = parseDnsperf("no such file")
	assert.Error(t, err)
}

func TestWhatThePlainLoopPrintsIsUnderstood(t *testing.T) {
	t.Parallel()
	got, err := parseLoop("3000 requests, 2 failures, 1500000 microseconds\n")
	require.NoError(t, err)
	assert.Equal(t, 3000, got.Requests)
	assert.Equal(t, 2, got.Failures)
	assert.Equal(t, 2000.0, got.Rate)
	assert.True(t, math.IsNaN(got.P99))
}

func TestDatagramsAreFoundByTheirName(t *testing.T) {
	t.Parallel()
	const snmp = `Tcp: OutDatagrams
Tcp: 1
Udp: InDatagrams NoPorts OutDatagrams SndbufErrors
Udp: 10 20 30 40
UdpLite: InDatagrams NoPorts OutDatagrams
UdpLite: 7 8 9
`
	got, err := parseDatagrams(snmp)
	require.NoError(t, err)
	assert.Equal(t, int64(30), got)

	_, err = parseDatagrams("Tcp: a\nTcp: 1\n")
	assert.Error(t, err)
}

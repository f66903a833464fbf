package chart

import (
	"math"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/numbers"
)

// mixed returns n bursts in which everything occurs, extremes included.
func mixed(n int) []numbers.Burst {
	bursts := make([]numbers.Burst, n)
	for i := range bursts {
		b := &bursts[i]
		b.Start = time.Unix(int64(1e9+3*i), 0)
		switch i % 4 {
		case 0: // one that never sent anything
			continue
		case 1:
			b.Requests, b.P50, b.P95, b.P99, b.Max = 1, 1, 1, 1, 1
			b.Latency[0] = 255
		case 2:
			b.Requests, b.P50, b.P95, b.P99, b.Max = 1<<32-1, time.Second, time.Hour, time.Hour, time.Hour
			b.Latency[numbers.LatencyRows-1], b.Latency[20] = 1, 254
			b.Failed, b.Kinds = 1, []numbers.FailureKind{{Code: errcode.Refused, Count: 1}}
		case 3:
			b.Requests, b.Own, b.Dropped, b.P95 = 5, 5, 100, time.Millisecond
			for k := range 8 {
				b.Kinds = append(b.Kinds, numbers.FailureKind{Code: errcode.FromStatus(500 + k), Count: 1})
			}
		}
		for p := range b.Phases {
			b.Phases[p] = time.Duration(i*p) * time.Millisecond
		}
	}
	return bursts
}

func TestChartsStayWithinTheirFrame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 23, 24, 25, 47, 48} {
		bursts := mixed(n)
		for _, c := range append(all(OfBursts(bursts)), Strip(bursts)) {
			requireWithinFrame(t, c, n)
		}
	}
}

func all(s *Series) []*Chart { return []*Chart{s.Latency(), s.Requests(), s.Phases(), s.Codes()} }

var pathToken = regexp.MustCompile(`[A-Za-z]|-?\d+(?:\.\d+)?|NaN|Inf`)

// requireWithinFrame demands that a chart of n things draws nothing outside of its view box.
func requireWithinFrame(t *testing.T, c *Chart, n int) {
	t.Helper()
	assert.NotEmpty(t, c.Title)
	for _, s := range c.Shapes {
		x, y := 0.0, 0.0
		var command string
		var given []float64
		for _, token := range pathToken.FindAllString(s.D, -1) {
			v, err := strconv.ParseFloat(token, 64)
			if err != nil {
				command, given = token, nil
				continue
			}
			given = append(given, v)
			switch {
			case command == "h":
				x += v
			case command == "v":
				y += v
			case len(given) == 2:
				x, y = given[0], given[1]
			default:
				continue
			}
			require.False(t, math.IsNaN(x+y) || x < -0.5 || x > float64(c.Width)+0.5 || y < -0.5 || y > float64(c.Height)+0.5,
				"%s of %d leaves its frame at %v, %v: %s", c.Title, n, x, y, s.D)
		}
	}
}

func TestChartsHaveWordsForWhoCannotSeeThem(t *testing.T) {
	t.Parallel()
	bursts := mixed(3)
	assert.Contains(t, OfBursts(bursts).Requests().Desc, "1 failed")
	assert.Contains(t, OfBursts(bursts).Codes().Desc, "1212 refused: 1")
	assert.Contains(t, OfBursts(bursts).Latency().Desc, "p99 3600.00 s")
	assert.Contains(t, OfBursts(bursts).Phases().Desc, "transfer 14 ms")
	assert.Equal(t, "1 of the last 3 bursts had failures. p95 of the last burst: 3600.00 s.", Strip(bursts).Title)
	for _, c := range all(OfBursts(nil)) {
		assert.Contains(t, c.Desc, "ended yet")
		assert.Empty(t, c.Shapes)
	}
}

func TestTheStripOfCodesHasALaneForEachCode(t *testing.T) {
	t.Parallel()
	c := OfBursts(mixed(4)).Codes()
	var lanes []string
	for _, l := range c.Labels {
		if l.Anchor == "end" && len(l.Text) < 5 {
			lanes = append(lanes, l.Text)
		}
	}
	assert.Len(t, lanes, maxLanes)
	assert.Equal(t, "0", lanes[0], "success first")
}

func TestScalesEndAtRoundNumbers(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]float64{0: 1, 1: 1, 1.01: 2, 3: 5, 20: 20, 21: 50, 0.0007: 0.001, 6e9: 1e10} {
		assert.InEpsilon(t, want, roundUp(v), 1e-9)
	}
	y := func(time.Duration) float64 { return 0 }
	var texts []string
	for _, tick := range latencyTicks(40*time.Microsecond, 3*time.Millisecond, y) {
		texts = append(texts, tick.text)
	}
	assert.Equal(t, []string{"50 µs", "100 µs", "200 µs", "500 µs", "1 ms", "2 ms"}, texts)
	assert.Len(t, latencyTicks(40*time.Microsecond, 30*time.Second, y), 6)
}

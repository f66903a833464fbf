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

// mixed returns n bursts of all kinds, with extreme values.
func mixed(n int) []numbers.Burst {
	bursts := make([]numbers.Burst, n)
	for i := range bursts {
		b := &bursts[i]
		b.Start = time.Unix(int64(1e9+3*i), 0)
		switch i % 4 {
		case 0: // it never sent anything
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

// requireWithinFrame demands that a chart of n things draws nothing outside its view box.
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

// slicesOf returns n slices of a burst, of all kinds.
func slicesOf(n int) (all []numbers.Burst, start time.Time) {
	all, start = mixed(n), time.Unix(1e9, 0)
	for i := range all {
		all[i].Start, all[i].Duration = start.Add(time.Duration(i)*64*time.Millisecond), 64*time.Millisecond
	}
	return all, start
}

func TestChartsOfASliceStayWithinTheirFrame(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 24, 48} {
		s := OfSlices(slicesOf(n))
		for _, c := range append(all(s), s.Rates()) {
			requireWithinFrame(t, c, n)
			assert.NotContains(t, c.Title, "last bursts")
		}
	}
	s := OfSlices(slicesOf(48))
	last := s.Latency().Labels[len(s.Latency().Labels)-2]
	assert.Equal(t, "3.008 s", last.Text)
	assert.Equal(t, "Requests per second over the burst", s.Rates().Title)
	assert.Contains(t, s.Rates().Desc, "Last slice: 78.1/s: 5 requests, 0 failed, 5 with trouble of the prober, 100 never sent.")
	assert.Equal(t, "No slice has ended yet.", OfSlices(slicesOf(0)).Rates().Desc)
}

func TestADistributionStaysWithinItsFrame(t *testing.T) {
	t.Parallel()
	bucket := func(lower, upper time.Duration, n uint64) numbers.Bucket {
		return numbers.Bucket{Lower: lower, Upper: upper, Count: n}
	}
	for name, buckets := range map[string][]numbers.Bucket{
		"of nothing":             nil,
		"of what took no time":   {bucket(0, 0, 7)},
		"of one bucket":          {bucket(time.Second, 1044*time.Millisecond, 1)},
		"of the shortest":        {bucket(0, 1, 1), bucket(1, 2, 1<<63)},
		"of all there are":       {bucket(0, 0, 1), bucket(time.Microsecond, 2*time.Microsecond, 5), bucket(time.Hour, 2*time.Hour, 1000)},
		"of what hardly differs": {bucket(100, 104, 3), bucket(104, 108, 4)},
	} {
		l := &numbers.Latency{Buckets: buckets}
		for _, b := range buckets {
			l.Count += b.Count
			l.P50, l.P99, l.Max = b.Lower, b.Upper, b.Upper
		}
		c := Histogram(l)
		requireWithinFrame(t, c, len(buckets))
		assert.Len(t, c.Hits, len(buckets), name)
	}
	c := Histogram(&numbers.Latency{Count: 4, P50: 104, P90: 108, P99: 108, Max: 106, Buckets: []numbers.Bucket{bucket(100, 104, 3), bucket(104, 108, 1)}})
	assert.Equal(t, "4 requests: p50 0.1 µs, p90 0.1 µs, p99 0.1 µs, longest 0.1 µs.", c.Desc)
	assert.Equal(t, "above 0.1 µs up to 0.1 µs: 3 requests, 75 %", c.Hits[0].Text)
	assert.Equal(t, "No request has ended.", Histogram(&numbers.Latency{}).Desc)
}

func TestTimesSinceTheStartHaveNoNeedlessDigits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 s", -time.Second: "0 s", 1664 * time.Millisecond: "1.664 s", 10 * time.Second: "10 s", 2048*time.Millisecond + 400: "2.048 s",
	} {
		assert.Equal(t, want, Since(d))
	}
	for v, want := range map[float64]string{0: Dash, 0.5: "0.5/s", 78.125: "78.1/s", 123456.7: "123\u202f457/s"} {
		assert.Equal(t, want, Rate(v))
	}
}

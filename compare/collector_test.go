package compare

import (
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestACollectorKeepsAllRequestsInFewSlicesOfTheSameTimes(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]time.Duration{"nothing": 0, "a moment": time.Millisecond, "a minute": time.Minute, "a week": 7 * 24 * time.Hour} {
		c := NewCollector(2)
		var all sync.WaitGroup
		for worker := range 4 {
			all.Go(func() {
				for i := range 1000 {
					at := length / 1000 * time.Duration(i)
					c.Add(worker%2, at, time.Duration(1+i)*time.Microsecond, i%10 == 0)
				}
			})
		}
		all.Wait()
		both := c.Samples()
		for _, s := range both {
			assert.EqualValues(t, 2000, s.Total(), name)
			assert.EqualValues(t, 200, s.Failed(), name)
			assert.LessOrEqual(t, len(s.Slices), mostSlices, name)
			if length > 10*time.Millisecond {
				assert.Greater(t, len(s.Slices), mostSlices/2-1, name)
			}
			for i := range s.Slices {
				assert.Equal(t, s.Slices[i].Total(), both[0].Slices[i].Total(), name)
			}
		}
	}
}

func TestACollectorTakesWhatIsBeyondAllTime(t *testing.T) {
	t.Parallel()
	c := NewCollector(1)
	c.Add(0, -time.Second, -time.Second, false)
	c.Add(0, math.MaxInt64, math.MaxInt64, false)
	assert.EqualValues(t, 2, c.Samples()[0].Slices[0].Total()+c.Samples()[0].Slices[len(c.Samples()[0].Slices)-1].Total())
}

func TestFailuresWithoutATimeAreSpread(t *testing.T) {
	t.Parallel()
	s := &Sample{Slices: make([]Slice, 4)}
	s.FailEvenly(10)
	assert.EqualValues(t, 10, s.Failed())
	for i := range s.Slices {
		assert.InDelta(t, 2.5, float64(s.Slices[i].Failed), 0.51)
	}
	s = new(Sample)
	s.FailEvenly(0)
	assert.Empty(t, s.Slices)
	s.FailEvenly(3)
	assert.EqualValues(t, 3, s.Total())
}

func TestASliceIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	var s Slice
	for _, d := range []time.Duration{0, time.Microsecond, time.Millisecond, time.Millisecond, time.Hour, math.MaxInt64} {
		s.Add(d)
	}
	again, err := ParseSlice(s.Latencies(), 3)
	require.NoError(t, err)
	assert.Equal(t, s.Counts, again.Counts)
	assert.EqualValues(t, 3, again.Failed)
	none, err := ParseSlice("", 0)
	require.NoError(t, err)
	assert.Zero(t, none.Total())
}

func TestASliceThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1", "1:", ":1", "canary:1", "1:canary", "1:-1", "1:0", "4097:1", "-4097:1", "1:1 1:2", "1:1,2:2", "1:99999999999999999"} {
		_, err := ParseSlice(text, 0)
		if assert.Error(t, err, text) {
			assert.NotContains(t, err.Error(), "canary")
		}
	}
	_, err := ParseSlice("", math.MaxUint64)
	assert.Error(t, err)
}

func FuzzParseSlice(f *testing.F) {
	f.Add("-361:12 -360:7", uint64(3))
	f.Fuzz(func(t *testing.T, text string, failed uint64) {
		s, err := ParseSlice(text, failed)
		if err != nil {
			return
		}
		again, err := ParseSlice(s.Latencies(), s.Failed)
		require.NoError(t, err)
		require.Equal(t, s, again)
		require.LessOrEqual(t, len(s.Counts), len(strings.Fields(text)))
		_ = Compare(&Sample{Slices: []Slice{s}}, &Sample{Slices: []Slice{again}}, Options{Margin: DefaultMargin})
	})
}

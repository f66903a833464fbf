package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

func TestTheLogHasAHistogramForEachSecond(t *testing.T) {
	t.Parallel()
	begin := probe.Now()
	text := written(t, newIntervals, exampleResult("shop,1", "search"), func(all []Observer) {
		for i := range 5000 { // of each target
			due := time.Duration(i) * time.Millisecond
			all[0](exampleRequest(begin, due, time.Duration(i)*time.Microsecond, errcode.OK), errcode.OK)
			all[1](exampleRequest(begin, due, time.Second, errcode.Reset), errcode.Reset)
			all[1](exampleRequest(begin, due, time.Hour, errcode.Cancelled), errcode.Cancelled)
		}
	})
	reader := hdrhistogram.NewHistogramLogReader(bytes.NewReader([]byte(text)))
	counts, longest, intervals := map[string]int64{}, map[string]int64{}, map[string]int{}
	for {
		h, err := reader.NextIntervalHistogram()
		require.NoError(t, err)
		if h == nil {
			break
		}
		counts[h.Tag()] += h.TotalCount()
		longest[h.Tag()] = max(longest[h.Tag()], h.Max())
		intervals[h.Tag()]++
		assert.LessOrEqual(t, h.StartTimeMs(), h.EndTimeMs())
	}
	assert.Equal(t, map[string]int64{"shop%2C1": 5000, "search": 5000}, counts)
	assert.InEpsilon(t, 4999*time.Microsecond, longest["shop%2C1"], 0.001)
	assert.InEpsilon(t, time.Second, longest["search"], 0.001, "without the prober's own trouble")
	for tag, n := range intervals {
		assert.LessOrEqual(t, n, 8, tag)
	}
}

func TestTheLogOfOneTargetHasNoTag(t *testing.T) {
	t.Parallel()
	text := written(t, newIntervals, exampleResult("shop"), func(all []Observer) {
		all[0](exampleRequest(probe.Now(), 0, time.Second, errcode.OK), errcode.OK)
	})
	assert.NotContains(t, text, "Tag=")
	assert.Len(t, strings.Split(strings.TrimSpace(text), "\n"), 4, text)
}

func TestPercentilesAreOfAllTargets(t *testing.T) {
	t.Parallel()
	text := written(t, newPercentiles, exampleResult("shop", "search"), func(all []Observer) {
		for i := range 1000 {
			all[i%2](exampleRequest(1, 0, time.Duration(i+1)*time.Millisecond, errcode.OK), errcode.OK)
		}
	})
	assert.Contains(t, text, " Value\tPercentile\tTotalCount\t1/(1-Percentile)\n")
	assert.Regexp(t, `(?m)^ +5[01]\d\.\d{3} +0\.500000 +50\d +2\.00$`, text)
	assert.Regexp(t, `Total count += +1000\]`, text)
}

func TestLatenciesBeyondTheScaleStandAtItsEnd(t *testing.T) {
	t.Parallel()
	h := newHDR()
	record(h, exampleRequest(1, 0, 0, errcode.OK), errcode.OK)
	record(h, exampleRequest(1, 0, 1000*time.Hour, errcode.OK), errcode.OK)
	assert.EqualValues(t, 2, h.TotalCount())
	assert.InEpsilon(t, 24*time.Hour, h.Max(), 0.001)
}

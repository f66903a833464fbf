package chart

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/prober/prober/numbers"
)

func TestChartsOfJourneysStayWithinTheirFrame(t *testing.T) {
	t.Parallel()
	medians := []time.Duration{0, 1, time.Hour, time.Millisecond}
	for _, n := range []int{1, 2, 3, 39, 40, 41, 1000} {
		steps := make([]numbers.RequestNumbers, n)
		for i := range steps {
			median := medians[(i+1)%len(medians)]
			steps[i] = numbers.RequestNumbers{Name: strings.Repeat("x", i%129), P50: median, Requests: uint64(median), Scheduled: uint64(1 + i%3)}
		}
		j := &numbers.JourneyNumbers{Ended: []numbers.JourneyCount{
			{Result: numbers.JourneySuccess, Count: 1}, {Result: numbers.JourneyFailure, Step: "x", Count: 1}, {Result: numbers.JourneyInterrupted, Step: "xx", Count: 1e6},
		}}
		for _, c := range []*Chart{Waterfall(steps, 0), Waterfall(steps, time.Hour), Funnel(steps, j)} {
			require.NotNil(t, c)
			requireWithinFrame(t, c, n)
			assert.NotEmpty(t, c.Shapes)
			for _, l := range c.Labels {
				assert.LessOrEqual(t, utf8.RuneCountInString(l.Text), rowWords)
			}
		}
	}
}

func TestAStepBeginsWhereTheMediansBeforeItEnd(t *testing.T) {
	t.Parallel()
	steps := []numbers.RequestNumbers{{Name: "a", P50: time.Second, Requests: 1}, {Name: "b", P50: 3 * time.Second, Requests: 1}}
	c := Waterfall(steps, 0)
	assert.Equal(t, []Shape{{"step", "M0 17h99.6v9h-99.6zM99.6 49h298.9v9h-298.9z"}}, c.Shapes)
	assert.Equal(t, "a: median 1.00 s; b: median 3.00 s.", c.Desc)
	c = Waterfall(steps, time.Minute)
	assert.Equal(t, []Shape{{"step", "M0 17h98.1v9h-98.1zM104.1 49h294.4v9h-294.4z"}, {"think", "M98.1 20h6v3h-6z"}}, c.Shapes)
	assert.Contains(t, c.Desc, "Between two steps journeys think for 60.00 s on average, which is not to scale.")
}

func TestTheFunnelSaysHowFarJourneysGet(t *testing.T) {
	t.Parallel()
	steps := []numbers.RequestNumbers{{Name: "login"}, {Name: "cart"}, {Name: "pay"}}
	j := &numbers.JourneyNumbers{Ended: []numbers.JourneyCount{
		{Result: numbers.JourneySuccess, Count: 380}, {Result: numbers.JourneyFailure, Step: "cart", Count: 12},
		{Result: numbers.JourneyFailure, Step: "pay"}, {Result: numbers.JourneyInterrupted, Step: "pay", Count: 3},
	}}
	c := Funnel(steps, j)
	assert.Equal(t, "login: 395 got here; cart: 395 got here, 12 failed; pay: 383 got here, 3 ended (0 failed, 3 interrupted); All steps: 380 went through.", c.Desc)
	j.Ended[2].Count = 1
	assert.Contains(t, Funnel(steps, j).Desc, "pay: 384 got here, 4 ended (1 failed, 3 interrupted); ")
	assert.Equal(t, "pay: 384 got here, 4 ended (1 failed, 3 interrupted); All steps: 380 went through.", Funnel(steps[2:], j).Desc,
		"what ended at a step that has gone is left out")
}

func TestAJourneyWithoutAnyRequestHasNoCharts(t *testing.T) {
	t.Parallel()
	steps := []numbers.RequestNumbers{{Name: "login"}, {Name: "cart"}}
	j := &numbers.JourneyNumbers{InFlight: 1, Ended: []numbers.JourneyCount{{Result: numbers.JourneySuccess}}}
	assert.Nil(t, Waterfall(steps, time.Second))
	assert.Nil(t, Funnel(steps, j))
	assert.Nil(t, Funnel(nil, j))
}

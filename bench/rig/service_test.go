package rig_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/bench/rig"
)

func TestAnswerAt(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	s := rig.Service{Delay: 5 * ms, Stall: 1000 * ms, Period: 5000 * ms} // it rests from 2.5 s to 3.5 s
	for name, c := range map[string]struct{ arrival, want time.Duration }{
		"far from a stall a request takes its delay":                {1000 * ms, 1005 * ms},
		"one that is done when the stall begins is not held up":     {2495 * ms, 2500 * ms},
		"one that the stall interrupts goes on after it":            {2498 * ms, 3503 * ms},
		"one that arrives in the stall begins after it":             {2700 * ms, 3505 * ms},
		"one that arrives at the end of the stall takes its delay":  {3500 * ms, 3505 * ms},
		"the next period has a stall too":                           {7600 * ms, 8505 * ms},
		"the end of a period is nothing special":                    {4998 * ms, 5003 * ms},
		"a request just before the next stall is held up by that":   {7499 * ms, 8504 * ms},
		"a request right at the start of a period takes its delay":  {5000 * ms, 5005 * ms},
		"a request right at the start of the stall waits all of it": {2500 * ms, 3505 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, s.AnswerAt(c.arrival))
		})
	}
}

func TestAServiceWithoutStallsOnlyDelays(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 7*time.Second, rig.Service{Delay: time.Second}.AnswerAt(6*time.Second))
}

func TestAHundredRequestsSpreadTheirWorkEvenly(t *testing.T) {
	t.Parallel()
	s := rig.Service{Spread: time.Second}
	seen := map[time.Duration]bool{}
	for k := range 100 {
		seen[s.Extra(300+k)] = true
	}
	for k := range 100 {
		assert.Contains(t, seen, time.Duration(k)*10*time.Millisecond)
	}
	assert.Zero(t, rig.Service{}.Extra(7))
}

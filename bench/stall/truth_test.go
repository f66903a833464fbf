package stall

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/prober/bench/rig"
)

func TestTruth(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		inFlight int
		service  rig.Service
		want     []time.Duration
	}{
		"without a stall every request takes its delay": {
			1, rig.Service{Delay: 5 * ms},
			[]time.Duration{5 * ms, 5 * ms, 5 * ms, 5 * ms, 5 * ms},
		},
		"with enough places the stall counts from each due time": {
			5, rig.Service{Delay: 5 * ms, Stall: 15 * ms, Period: 40 * ms}, // it rests from 20 ms to 35 ms
			[]time.Duration{5 * ms, 5 * ms, 20 * ms, 10 * ms, 5 * ms},
		},
		"with one place what waits counts too": {
			1, rig.Service{Delay: 5 * ms, Stall: 15 * ms, Period: 40 * ms},
			[]time.Duration{5 * ms, 5 * ms, 20 * ms, 15 * ms, 10 * ms},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, truth(rig.Load{Rate: 100, Duration: 50 * ms, InFlight: c.inFlight}, c.service))
		})
	}
}

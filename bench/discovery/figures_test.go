package discovery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWhenWhatWasFoundWasApplied(t *testing.T) {
	t.Parallel()
	const log = `time=2026-11-30T10:00:00.000Z level=INFO source=daemon.go:1 msg=started
time=2026-11-30T10:00:01.500Z level=DEBUG source=discovery.go:1 msg="the discovered targets were applied" targets=1 refused=0 took=0s
time=2026-11-30T10:00:06.700Z level=DEBUG source=discovery.go:1 msg="the discovered targets were applied" targets=1 refused=0 took=200ms
time=2026-11-30T10:00:12.500Z level=DEBUG source=discovery.go:1 msg="the discovered targets were applied" targets=1 refused=0 took=0s
time=2026-11-30T10:01:12.500Z level=DEBUG source=discovery.go:1 msg="the discovered targets were applied" targets=1 refused=0 took=0s
`
	at := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	f := new(figures)
	assert.Zero(t, f.leastBetween())
	f.readLog(log, at, at.Add(time.Minute))
	assert.Len(t, f.applied, 3)
	assert.Equal(t, 5*time.Second, f.leastBetween())
}

func TestWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		figures figures
		want    float64
	}{
		"nothing":                          {figures{received: 10, fired: 10}, 0},
		"the server has more":              {figures{received: 12, fired: 10, veryLate: 5}, 2},
		"the prober has more":              {figures{received: 10, fired: 11}, 1},
		"bursts that began late":           {figures{received: 10, fired: 11, veryLate: 2}, 0},
		"targets differ, the sum does not": {figures{received: 10, fired: 10, differ: 2}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.InDelta(t, c.want, c.figures.missing(), 0)
		})
	}
}

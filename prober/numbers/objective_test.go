package numbers

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestObjectivesAreExposedWhereTheyAreConfigured(t *testing.T) {
	t.Parallel()
	s := Scrape{Bounds: NewBounds(nil)}
	for _, about := range []About{{Name: "none"}, {Name: "ratio", ObjectiveRatio: 0.999}, {Name: "both", ObjectiveRatio: 0.95, ObjectiveLatency: 300 * time.Millisecond}} {
		snapshot := NewRecorder(s.Bounds).Snapshot(WithLabels | WithDistributions)
		snapshot.About = about
		s.Targets = append(s.Targets, snapshot)
	}
	got := map[string]map[string]float64{}
	for family := range NewPage().Families(&s, func() {}) {
		for _, m := range family.Metric {
			if name := family.GetName(); name == "prober_target_objective_ratio" || name == "prober_target_objective_latency_seconds" {
				if got[name] == nil {
					got[name] = map[string]float64{}
				}
				got[name][m.Label[0].GetValue()] = m.Gauge.GetValue()
			}
		}
	}
	assert.Equal(t, map[string]map[string]float64{
		"prober_target_objective_ratio":           {"ratio": 0.999, "both": 0.95},
		"prober_target_objective_latency_seconds": {"both": 0.3},
	}, got)
}

package acceptance

import (
	"fmt"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"example.com/prober/internal/rig"
)

// ledger compares each scrape with the scrape before.
type ledger struct {
	values  map[string]float64 // of all series that must not fall
	owner   map[string]string  // the target of a series
	targets map[string]bool    // whether a target is there, for each so far
}

// note returns an error if a scrape contradicts the one before.
func (l *ledger) note(m rig.Metrics) error {
	before := *l
	*l = ledger{values: map[string]float64{}, owner: map[string]string{}, targets: map[string]bool{}}
	for name, family := range m {
		for _, series := range family.GetMetric() {
			l.add(name, series)
		}
	}
	for target, there := range before.targets {
		switch {
		case !there && l.targets[target]:
			return fmt.Errorf("the removed target %s is back", target)
		case there && !l.targets[target] && !strings.HasPrefix(target, "passing"):
			return fmt.Errorf("the target %s is gone", target)
		}
		if !l.targets[target] {
			l.targets[target] = false // to know it if it comes back
		}
	}
	for key, was := range before.values {
		if now, there := l.values[key]; now < was && (there || l.targets[before.owner[key]]) {
			return fmt.Errorf("%s fell from %v to %v", key, was, now)
		}
	}
	return nil
}

// add notes the values of a series that must not fall.
func (l *ledger) add(name string, series *dto.Metric) {
	key, target := name, ""
	for _, pair := range series.GetLabel() {
		key += " " + pair.GetName() + "=" + pair.GetValue()
		if pair.GetName() == "target" {
			target = pair.GetValue()
		}
	}
	l.targets[target] = true
	set := func(part string, value float64) { l.values[key+part], l.owner[key+part] = value, target }
	if c := series.GetCounter(); c != nil {
		set("", c.GetValue())
	}
	if h := series.GetHistogram(); h != nil {
		set(" sum", h.GetSampleSum())
		set(" count", float64(h.GetSampleCount()))
		for _, b := range h.GetBucket() {
			set(fmt.Sprintf(" le=%g", b.GetUpperBound()), float64(b.GetCumulativeCount()))
		}
	}
}

package discover

import (
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"

	"example.com/prober/config"
)

// Reason is why a found item is no target.
type Reason string

// An item is left out because the relabelling drops it, no target can be made of it, another target has its name, its
// discovery found more than max_targets, there are more than --limit.targets, or it cannot be started.
const (
	ReasonRelabel   Reason = "relabel"
	ReasonInvalid   Reason = "invalid"
	ReasonDuplicate Reason = "duplicate"
	ReasonMax       Reason = "max_targets"
	ReasonLimit     Reason = "limit_targets"
	ReasonRefused   Reason = "refused"
)

// Reasons returns all reasons, in the order of the page.
func Reasons() []Reason {
	return []Reason{ReasonRelabel, ReasonInvalid, ReasonDuplicate, ReasonMax, ReasonLimit, ReasonRefused}
}

// item is one found set of labels, and its outcome.
type item struct {
	place         string // of its mechanism
	before, after labels.Labels
	made          *made  // nil if the relabelling drops it
	reason        Reason // "" if it is a target
	why           string
}

func (it *item) leaveOut(r Reason, why string) { it.reason, it.why = r, why }

// made is the result for a set of labels.
type made struct {
	target config.Target
	err    string
	used   uint64 // the last round of its entry with these labels
}

// prepare returns the labels of a target before relabelling: its own, those of its group, and those from Prometheus.
func prepare(own, group model.LabelSet, job string) labels.Labels {
	b := labels.NewBuilder(labels.EmptyLabels())
	for name, value := range own {
		b.Set(string(name), string(value))
	}
	for name, value := range group {
		if _, ok := own[name]; !ok {
			b.Set(string(name), string(value))
		}
	}
	for _, preset := range []labels.Label{
		{Name: model.JobLabel, Value: job}, {Name: model.MetricsPathLabel, Value: "/metrics"}, {Name: model.SchemeLabel, Value: "http"},
	} {
		if b.Get(preset.Name) == "" {
			b.Set(preset.Name, preset.Value)
		}
	}
	return b.Labels()
}

// relabelled returns the labels after the rules, and whether they are kept. As in Prometheus, the label instance gets
// the address if it is empty.
func relabelled(before labels.Labels, rules []*relabel.Config) (after labels.Labels, keep bool) {
	b := labels.NewBuilder(before)
	keep = relabel.ProcessBuilder(b, rules...)
	if keep && b.Get(model.InstanceLabel) == "" {
		b.Set(model.InstanceLabel, b.Get(model.AddressLabel))
	}
	return b.Labels(), keep
}

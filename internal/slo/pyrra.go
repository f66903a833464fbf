package slo

import (
	"slices"
	"strconv"
	"strings"

	"example.com/prober/config"
)

// The part of a ServiceLevelObjective of Pyrra, version pyrra.dev/v1alpha1, for the objectives of the prober.
type (
	pyrraObjective struct {
		APIVersion string        `yaml:"apiVersion"`
		Kind       string        `yaml:"kind"`
		Metadata   pyrraMetadata `yaml:"metadata"`
		Spec       pyrraSpec     `yaml:"spec"`
	}
	pyrraMetadata struct {
		Name   string            `yaml:"name"`
		Labels map[string]string `yaml:"labels,omitempty"`
	}
	pyrraSpec struct {
		Description string         `yaml:"description"`
		Target      string         `yaml:"target"`
		Window      string         `yaml:"window"`
		Indicator   pyrraIndicator `yaml:"indicator"`
	}
	pyrraIndicator struct {
		Ratio         *pyrraRatio   `yaml:"ratio,omitempty"`
		Latency       *pyrraLatency `yaml:"latency,omitempty"`
		LatencyNative *pyrraNative  `yaml:"latencyNative,omitempty"`
	}
	pyrraRatio struct {
		Errors   pyrraQuery `yaml:"errors"`
		Total    pyrraQuery `yaml:"total"`
		Grouping []string   `yaml:"grouping,omitempty"`
	}
	pyrraLatency struct {
		Success  pyrraQuery `yaml:"success"`
		Total    pyrraQuery `yaml:"total"`
		Grouping []string   `yaml:"grouping,omitempty"`
	}
	pyrraNative struct {
		Latency  string     `yaml:"latency"`
		Total    pyrraQuery `yaml:"total"`
		Grouping []string   `yaml:"grouping,omitempty"`
	}
	pyrraQuery struct {
		Metric string `yaml:"metric"`
	}
)

// Pyrra returns the objectives, one document for each. Locations stay apart and are never added up.
func Pyrra(targets []config.Target, metrics *config.Metrics, opts Options) ([]byte, error) {
	all := objectives(targets)
	if len(all) == 0 {
		return nil, errNone
	}
	names := names(all)
	documents := make([]any, len(all))
	for i := range all {
		o := &all[i]
		documents[i] = pyrraObjective{
			APIVersion: "pyrra.dev/v1alpha1", Kind: "ServiceLevelObjective",
			Metadata: pyrraMetadata{Name: names[i], Labels: map[string]string{"pyrra.dev/service": "prober"}},
			Spec: pyrraSpec{
				Description: o.description(), Target: strconv.FormatFloat(o.percent, 'f', -1, 64), Window: o.window(),
				Indicator: o.pyrra(metrics, opts),
			},
		}
	}
	return write(documents...)
}

func (o *objective) pyrra(metrics *config.Metrics, opts Options) pyrraIndicator {
	byLocation := []string{"location"}
	metric := func(name, more string) pyrraQuery { return pyrraQuery{name + o.selector(opts, more)} }
	if o.kind == "availability" {
		return pyrraIndicator{Ratio: &pyrraRatio{
			Errors: metric("prober_requests_total", failed), Total: metric("prober_requests_total", notOwn), Grouping: byLocation,
		}}
	}
	const ok = `error_code="0"`
	if le, isThere := bucket(metrics, o.bound.Seconds()); isThere {
		return pyrraIndicator{Latency: &pyrraLatency{
			Success:  metric("prober_request_duration_seconds_bucket", ok+`,le="`+le+`"`),
			Total:    metric("prober_request_duration_seconds_count", ok),
			Grouping: byLocation,
		}}
	}
	return pyrraIndicator{LatencyNative: &pyrraNative{
		Latency: o.bound.String(), Total: metric("prober_request_duration_seconds", ok), Grouping: byLocation,
	}}
}

// bucket returns the label le of the classic bucket with a bound, in the notation of Prometheus 3 and OpenMetrics. It
// reports whether there is such a bucket.
func bucket(metrics *config.Metrics, bound float64) (le string, isThere bool) {
	if !slices.Contains(metrics.Buckets, bound) {
		return "", false
	}
	le = strconv.FormatFloat(bound, 'g', -1, 64)
	if !strings.ContainsAny(le, ".e") {
		le += ".0"
	}
	return le, true
}

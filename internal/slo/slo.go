// Package slo writes the objectives of targets as files for other projects' generators of rules: Sloth and Pyrra.
// It reads a checked configuration and makes text: nothing is sent or measured. Codes for the prober's own
// trouble count in no objective.
package slo

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"example.com/prober/config"
)

// Options say how to write objectives.
type Options struct {
	// Matchers select the series of the probers besides the target, such as `location="east"`. Empty matchers select all.
	Matchers string
}

// notOwn leaves out the codes that no objective counts. failed selects the failures.
const (
	notOwn = `error_code!~"100[1-7]"`
	failed = `error_code!~"0|100[1-7]"`
)

// quantile is the share of the successful requests that must keep the latency of an objective, in percent.
const quantile = 95

// errNone means that no target has an objective.
var errNone = errors.New("no target has an objective: give one to a target or to the defaults, as objective: {availability: 99.9}")

// objective is one objective of a target.
type objective struct {
	target *config.Target
	// kind is availability or latency. percent is the share of requests that must keep it.
	kind    string
	percent float64
	// bound is the latency to keep. It is 0 for availability.
	bound time.Duration
}

func objectives(targets []config.Target) []objective {
	var all []objective
	for i := range targets {
		t := &targets[i]
		if t.Objective == nil {
			continue
		}
		all = append(all, objective{t, "availability", t.Objective.Availability, 0})
		if bound := t.Objective.Duration(); bound > 0 {
			all = append(all, objective{t, "latency", quantile, bound})
		}
	}
	return all
}

// name returns a name of letters, digits and dashes, as both generators and Kubernetes need it. Two targets may have
// equal names.
func (o *objective) name() string {
	var b strings.Builder
	for _, c := range strings.ToLower(o.target.Name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			b.WriteRune(c)
		} else if text := b.String(); text != "" && !strings.HasSuffix(text, "-") {
			b.WriteByte('-')
		}
	}
	name := b.String()
	const longest = 63 - len("-availability-") - 6 // of a label of Kubernetes
	name = strings.Trim(name[:min(len(name), longest)], "-")
	return strings.TrimPrefix(name+"-"+o.kind, "-")
}

// names returns a name for each objective. Of equal names, all but the first get a number.
func names(all []objective) []string {
	used := map[string]bool{}
	list := make([]string, len(all))
	for i := range all {
		name := all[i].name()
		for n := 2; used[name]; n++ {
			name = all[i].name() + "-" + strconv.Itoa(n)
		}
		used[name] = true
		list[i] = name
	}
	return list
}

// selector returns the matchers of the requests of a target, and more.
func (o *objective) selector(opts Options, more string) string {
	all := []string{"target=" + strconv.Quote(o.target.Name)}
	if opts.Matchers != "" {
		all = append(all, opts.Matchers)
	}
	return "{" + strings.Join(append(all, more), ",") + "}"
}

// description describes an objective in a sentence.
func (o *objective) description() string {
	if o.kind == "latency" {
		return fmt.Sprintf("%v %% of the successful requests to %s end within %s, counted from when they were due.", o.percent, o.target.Name, o.bound)
	}
	return fmt.Sprintf("%v %% of the requests to %s succeed.", o.percent, o.target.Name)
}

// window returns how long the error budget lasts, in the notation of PromQL.
func (o *objective) window() string { return model.Duration(o.target.Objective.Budget()).String() }

// write writes documents of YAML one after another.
func write(documents ...any) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	for _, d := range documents {
		if err := e.Encode(d); err != nil {
			return nil, err
		}
	}
	err := e.Close()
	return out.Bytes(), err
}

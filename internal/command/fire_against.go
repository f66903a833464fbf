package command

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"example.com/prober/compare"
	"example.com/prober/config"
	"example.com/prober/prober"
	"example.com/prober/threshold"
)

// parse returns the configuration of text with only the wanted targets. With --against these are two: first the other
// version, then the target.
func (f *fireFlags) parse(text []byte, name string) (*config.Config, error) {
	cfg, err := config.ParseOne(text, name, f.target)
	if err != nil || f.compare.against == "" {
		return cfg, err
	}
	switch {
	case f.compare.report != "":
		return nil, errors.New("--against: cannot be combined with --compare: a burst is compared with one other burst")
	case !f.target.IsOne():
		return nil, errors.New("--against: needs exactly one target, as a name or a URL")
	}
	add := cfg.Targets[0]
	other := f.target
	other.Flags = map[string][]string{"against": {likeTarget(f.compare.against, add.URL)}}
	for name, values := range f.target.Flags {
		other.Flags[name] = values
	}
	oldCfg, err := config.ParseOne(text, name, other)
	if err != nil {
		return nil, err
	}
	old := oldCfg.Targets[0]
	if old.Kind() != add.Kind() {
		return nil, fmt.Errorf("--against: must be a URL of the same kind as the target, whose URL begins with %s://", add.URL.Scheme)
	}
	if old.URL.Host != add.URL.Host {
		old.Connection.Resolve = nil // the addresses of another host
	}
	old.Thresholds = slices.DeleteFunc(slices.Clone(old.Thresholds), func(t threshold.Threshold) bool { return t.Op == threshold.WorseBy })
	cfg.Targets = []config.Target{old, add}
	return cfg, nil
}

// likeTarget returns the URL. If it has neither path nor query, it gets those of the target's.
func likeTarget(text string, target *url.URL) string {
	u, err := url.Parse(text)
	if err != nil || !strings.HasPrefix(u.Scheme, "http") || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Opaque != "" || u.Fragment != "" {
		return text
	}
	u.Path, u.RawPath, u.RawQuery, u.ForceQuery = target.Path, target.RawPath, target.RawQuery, target.ForceQuery
	return u.String()
}

// newShots prepares the bursts at the targets.
func (f *compareFlags) newShots(o prober.Options, cfg *config.Config) ([]*prober.Shot, error) {
	if f.against != "" {
		return prober.NewRivals(o, cfg.Targets[0], cfg.Targets[1], cfg.Network)
	}
	return prober.NewShots(o, cfg.Targets, cfg.Network)
}

// collected is the place where a burst collects data for a comparison, now or later.
type collected struct {
	in   *compare.Collector
	side int
}

// collect makes the bursts collect data. Bursts that are fired in turn share their time slices.
func (f *compareFlags) collect(shots []*prober.Shot) (all []collected) {
	for i, shot := range shots {
		one := collected{in: compare.NewCollector(1)}
		if f.against != "" && i == 0 {
			one.in = compare.NewCollector(len(shots))
		} else if f.against != "" {
			one = collected{all[0].in, i}
		}
		shot.Collect(one.in, one.side)
		all = append(all, one)
	}
	return all
}

// of returns the sample of an ended burst. Requests that were never sent because the target took too long count as
// failed.
func (c collected) of(shot *prober.Shot) *compare.Sample {
	s := c.in.Samples()[c.side]
	s.FailEvenly(shot.Lost())
	return &s
}

// judgeAll checks the reports of ended bursts against their thresholds. If c is not nil, it also compares the last
// burst with the earlier data.
func judgeAll(shots []*prober.Shot, targets []config.Target, from []collected, c *comparison) (reports []*judgedReport) {
	for i, shot := range shots {
		came, sample, with := shot.Report(), from[i].of(shot), c
		if i < len(shots)-1 && c != nil {
			c.old, with = sample, nil
		}
		reports = append(reports, judgeCompared(&came, targets[i].Thresholds, sample, with))
	}
	return reports
}

package config

import (
	"fmt"
	"slices"
	"strings"

	"example.com/prober/config/form"
	"example.com/prober/threshold"
)

// Defaults of the burst for a URL without one: enough to see something, too little to do harm.
const (
	defaultURLRequests    = 20
	defaultURLConcurrency = 2
)

// Pick selects targets for a single burst, and changes their settings for it.
type Pick struct {
	// Target is the name of a target of the file. If it begins as a target's URL does (see [URLBeginnings]), it is the
	// URL of a target outside the file, with the file's defaults.
	Target string
	// Others are more names or URLs. Labels, if there are any, pick the targets of the file with all of these labels.
	// All picks every target of the file.
	Others []string
	Labels map[string]string
	All    bool
	// Burst maps keys of burst to values that override those of the file. The values are spelled as in the file.
	Burst map[string]string
	// Flags maps flags for other keys, with names from [PickFlags], to their values.
	Flags map[string][]string
	// FailIf are thresholds besides those of the file; null removes all before it.
	FailIf []string
}

// ParseOne reads a configuration as [Parse] does and returns it with the picked targets alone: first the named targets,
// in the order of their names in pick. A mistake in the pick is a [form.Error] without a file. For URLs data may be
// nil: then there is no file, and there are only the built-in defaults. A URL gets 20 requests if nothing ends its
// burst. In a closed burst it gets 2 requests in flight if nothing sets their number.
func ParseOne(data []byte, path string, pick Pick) (*Config, error) {
	if data == nil {
		data = []byte("targets: []")
	}
	c, err := parse(data, path, &loader{config: &Config{}, pick: &pick})
	return c, pick.naming(err)
}

// NeedsNoFile reports whether all picked targets are URLs. URLs do not need a file.
func (p *Pick) NeedsNoFile() bool {
	return !p.All && len(p.Labels) == 0 && !slices.ContainsFunc(p.names(), func(name string) bool { return !isURL(name) })
}

// IsEmpty reports whether no target is picked.
func (p *Pick) IsEmpty() bool { return !p.All && len(p.Labels) == 0 && len(p.names()) == 0 }

// IsOne reports whether one target is picked, by its name or as a URL.
func (p *Pick) IsOne() bool { return !p.All && len(p.Labels) == 0 && len(p.names()) == 1 }

// names returns the named targets, each once.
func (p *Pick) names() []string {
	var all []string
	for _, name := range slices.Concat([]string{p.Target}, p.Others) {
		if name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// selects reports whether a target of the file is picked without its name.
func (p *Pick) selects(t *Target) bool {
	for name, value := range p.Labels {
		if had, ok := t.Labels[name]; !ok || had != value {
			return false
		}
	}
	return p.All || len(p.Labels) > 0
}

// has reports whether a target of the file is picked.
func (p *Pick) has(t *Target) bool { return slices.Contains(p.names(), t.Name) || p.selects(t) }

// mayHave reports whether a target of this name may be picked.
func (p *Pick) mayHave(name string) bool {
	return p.All || len(p.Labels) > 0 || slices.Contains(p.names(), name)
}

func isURL(target string) bool {
	scheme, _, ok := strings.Cut(target, "://")
	return ok && slices.Contains(urlSchemes(), strings.ToLower(scheme)+"://")
}

// settle checks the decoded target t, puts the flags over it if it is picked, and fills in the defaults.
func (l *loader) settle(t *Target, s *form.Scope) {
	isPicked := l.pick != nil && l.pick.has(t)
	var whole Target // as the file has it: the checks drop settings without a meaning, and a flag may give them one
	var set *form.Scope
	if isPicked {
		whole, set = t.clone(), s.Copy()
	}
	checks{s}.all(t)
	checks{s}.checkPolicy(t, l.rules())
	if isPicked {
		l.override(t, &whole, set, false)
	}
	fillTarget(t)
}

// judge returns the thresholds of the file, followed by those of the flags.
func (p *Pick) judge(all []threshold.Threshold, s *form.Scope) []threshold.Threshold {
	for _, text := range p.FailIf {
		if text == "null" {
			all = nil
			continue
		}
		t, err := threshold.Parse(text)
		if err != nil {
			s.AddError(form.Error{Path: "--fail-if", Msg: fmt.Sprintf("%.60q: %s", text, err)})
		}
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

// narrow leaves only the picked targets in the configuration.
func (l *loader) narrow(top *form.Scope) {
	c, p := l.config, l.pick
	if p == nil {
		return
	}
	var picked []Target
	names := p.names()
	for _, name := range names {
		i := slices.IndexFunc(c.Targets, func(t Target) bool { return t.Name == name })
		switch {
		case isURL(name):
			picked = append(picked, l.urlTarget(top, name))
		case i >= 0:
			picked = append(picked, c.Targets[i])
		default:
			l.lacks(top, unknownTarget(name, c.Targets))
		}
	}
	for i := range c.Targets {
		if t := &c.Targets[i]; p.selects(t) && !slices.Contains(names, t.Name) {
			picked = append(picked, *t)
		}
	}
	if len(picked) == 0 && len(names) == 0 {
		l.lacks(top, "has no matching targets")
	}
	c.Targets = picked
}

// lacks reports that the file does not have a picked target, unless a mistake may be the reason. A second message
// about the same cause would only hide the first.
func (l *loader) lacks(top *form.Scope, msg string) {
	c := l.config
	wrong := slices.ContainsFunc(l.parts, (*filePart).isWrong)
	if wrong && c.OnError == OnErrorKeep {
		for _, p := range l.parts {
			top.Take(p.report)
		}
	}
	if top.Found() == 0 && !wrong {
		if len(c.Discover) > 0 {
			msg += "; prober fire cannot use discovered targets"
		}
		top.AddError(form.Error{Msg: top.File + " " + msg})
	}
}

// urlTarget returns the target for a URL, over the defaults of the file.
func (l *loader) urlTarget(top *form.Scope, url string) Target {
	u, err := parseTargetURL(url)
	if err != nil {
		top.AddError(form.Error{Path: "URL", Msg: err.Error()})
		return Target{}
	}
	t := l.base.clone()
	t.Name, t.URL = RedactedURL(u), u
	s := top.Part("URL", l.defaults)
	s.CheckNeeded(targetFields(&t))
	whole, set := t.clone(), s.Copy()
	checks{s}.all(&t)
	checks{s}.checkPolicy(&t, l.rules())
	l.override(&t, &whole, set, true)
	fillURLBurst(&t.Burst)
	fillTarget(&t)
	return t
}

func fillURLBurst(b *Burst) {
	if b.Requests == 0 && b.Duration == 0 && len(b.Stages) == 0 {
		b.Requests = defaultURLRequests
	}
	if b.Rate == 0 && len(b.Stages) == 0 {
		fill(&b.Concurrency, defaultURLConcurrency)
	}
}

// unknownTarget says that a file lacks the named target, and suggests a similar name.
func unknownTarget(name string, targets []Target) string {
	if err := checkName(name); err != nil {
		return "has no such target: a name " + err.Error() // it may be a malformed URL with a password in it
	}
	names := make([]string, len(targets))
	for i, t := range targets {
		names[i] = t.Name
	}
	const most = 5
	missing := fmt.Sprintf("has no target %q", name)
	switch best := form.Closest(name, names, 2); {
	case best != "":
		return missing + fmt.Sprintf(", did you mean %q?", best)
	case strings.ContainsAny(name, ".:"):
		return missing + "; a URL begins with " + URLBeginnings()
	case len(names) == 0:
		return "has no targets"
	case len(names) > most:
		return missing + fmt.Sprintf(" among its %d", len(names))
	}
	return missing + "; it has " + strings.Join(names, ", ")
}

package config

import (
	"fmt"
	"slices"
	"strings"

	"example.com/prober/config/form"
	"example.com/prober/threshold"
)

// Defaults of the burst at a URL that has none: enough to see something, too
// little to hurt.
const (
	defaultURLRequests    = 20
	defaultURLConcurrency = 2
)

// Pick is the targets to send a single burst to, and what is different in that.
type Pick struct {
	// Target is the name of a target of the file or, if it begins as the URL of a target does
	// (see [URLBeginnings]), the URL of one that is not in it and has the file's defaults.
	Target string
	// Others are more of them, besides those of the file that have all of Labels, if there are
	// any, or All of the file.
	Others []string
	Labels map[string]string
	All    bool
	// Burst maps keys of burst to values that go before those of the file; each is
	// spelled as it would be there.
	Burst map[string]string
	// Flags maps flags for other keys, as [PickFlags] names them, to what is given to each.
	Flags map[string][]string
	// FailIf are thresholds besides those of the file; null takes back all before it.
	FailIf []string
}

// ParseOne reads a configuration as [Parse] does and returns it with the picked
// targets alone: first those that are named, in the order of their names. A mistake in the
// pick is a [form.Error] without a file. For URLs data may be nil: there is no file then,
// and no defaults but the built-in ones. Where nothing says when its burst ends, a URL gets
// 20 requests, and where nothing says how many are in flight in a closed burst, 2.
func ParseOne(data []byte, path string, pick Pick) (*Config, error) {
	if data == nil {
		data = []byte("targets: []")
	}
	c, err := parse(data, path, &loader{config: &Config{}, pick: &pick})
	return c, pick.naming(err)
}

// NeedsNoFile reports whether all targets are URLs, which a file need not have.
func (p *Pick) NeedsNoFile() bool {
	return !p.All && len(p.Labels) == 0 && !slices.ContainsFunc(p.names(), func(name string) bool { return !isURL(name) })
}

// IsEmpty reports whether no target is picked.
func (p *Pick) IsEmpty() bool { return !p.All && len(p.Labels) == 0 && len(p.names()) == 0 }

// IsOne reports whether one target is picked, by its name or as a URL.
func (p *Pick) IsOne() bool { return !p.All && len(p.Labels) == 0 && len(p.names()) == 1 }

// names returns those of the targets that are named, each once.
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

// mayHave reports whether a target of that name may be picked.
func (p *Pick) mayHave(name string) bool {
	return p.All || len(p.Labels) > 0 || slices.Contains(p.names(), name)
}

func isURL(target string) bool {
	scheme, _, ok := strings.Cut(target, "://")
	return ok && slices.Contains(schemes(urlKey), strings.ToLower(scheme)+"://")
}

// settle checks what was decoded into t, puts the flags over it if it is the picked
// one, and fills in the defaults.
func (l *loader) settle(t *Target, s *form.Scope) {
	isPicked := l.pick != nil && l.pick.has(t)
	var whole Target // as the file has it: the checks drop what has no meaning there, and a flag may give it one
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

// judge returns the thresholds of the file, and those of the flags behind them.
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

// narrow leaves the picked targets alone in the configuration.
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
		l.lacks(top, "has no such targets")
	}
	c.Targets = picked
}

// lacks reports that the file does not have what is picked, unless a mistake may be why.
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
			msg += "; targets that are discovered have no burst by hand"
		}
		top.AddError(form.Error{Msg: top.File + " " + msg})
	}
}

// urlTarget returns the target that is the URL, over the defaults of the file.
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

// unknownTarget says that a file lacks the named target, and which may be meant.
func unknownTarget(name string, targets []Target) string {
	if err := checkName(name); err != nil {
		return "has no such target: a name " + err.Error() // it may be a URL that is not one, with a password in it
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

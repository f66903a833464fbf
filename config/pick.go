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

// Pick is one target to send a single burst to, and what is different in that.
type Pick struct {
	// Target is the name of a target of the file or, if it begins as the URL of a target does
	// (see [URLBeginnings]), the URL of one that is not in it and has the file's defaults.
	Target string
	// Burst maps keys of burst to values that go before those of the file; each is
	// spelled as it would be there.
	Burst map[string]string
	// Flags maps flags for other keys, as [PickFlags] names them, to what is given to each.
	Flags map[string][]string
	// FailIf are thresholds besides those of the file; null takes back all before it.
	FailIf []string
}

// ParseOne reads a configuration as [Parse] does and returns it with the picked
// target alone. A mistake in the pick is a [form.Error] without a file. For a URL data
// may be nil: there is no file then, and no defaults but the built-in ones. Where
// nothing says when its burst ends, a URL gets 20 requests, and where nothing says
// how many are in flight in a closed burst, 2.
func ParseOne(data []byte, path string, pick Pick) (*Config, error) {
	if data == nil {
		data = []byte("targets: []")
	}
	c, err := parse(data, path, &loader{config: &Config{}, pick: &pick})
	return c, pick.naming(err)
}

// IsURL reports whether the target is one that is not in the file.
func (p *Pick) IsURL() bool {
	scheme, _, ok := strings.Cut(p.Target, "://")
	return ok && slices.Contains(schemes(urlKey), strings.ToLower(scheme)+"://")
}

// settle checks what was decoded into t, puts the flags over it if it is the picked
// one, and fills in the defaults.
func (l *loader) settle(t *Target, s *form.Scope) {
	isPicked := l.pick != nil && t.Name == l.pick.Target
	var whole Target // as the file has it: the checks drop what has no meaning there, and a flag may give it one
	var set *form.Scope
	if isPicked {
		whole, set = t.clone(), s.Copy()
	}
	checks{s}.all(t)
	checks{s}.checkPolicy(t, l.rules())
	if isPicked {
		l.override(t, &whole, set)
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

// narrow leaves the picked target alone in the configuration.
func (l *loader) narrow(top *form.Scope) {
	c, p := l.config, l.pick
	if p == nil {
		return
	}
	if p.IsURL() {
		c.Targets = []Target{l.urlTarget(top)}
		return
	}
	i := slices.IndexFunc(c.Targets, func(t Target) bool { return t.Name == p.Target })
	if i >= 0 {
		c.Targets = c.Targets[i : i+1]
		return
	}
	wrong := slices.ContainsFunc(l.parts, (*filePart).isWrong)
	if wrong && c.OnError == OnErrorKeep {
		for _, p := range l.parts {
			top.Take(p.report)
		}
	}
	if top.Found() == 0 && !wrong {
		msg := unknownTarget(p.Target, c.Targets)
		if len(c.Discover) > 0 {
			msg += "; targets that are discovered have no burst by hand"
		}
		top.AddError(form.Error{Msg: top.File + " " + msg})
	}
}

// urlTarget returns the target that is the URL, over the defaults of the file.
func (l *loader) urlTarget(top *form.Scope) Target {
	u, err := parseTargetURL(l.pick.Target)
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
	l.override(&t, &whole, set)
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

package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Defaults of the burst at a URL that has none: enough to see something, too
// little to hurt.
const (
	defaultURLRequests    = 20
	defaultURLConcurrency = 2
)

// commandLine is where the keys that flags set stand.
const commandLine = "command line"

// Pick is one target to send a single burst to, and what is different in that.
type Pick struct {
	// Target is the name of a target of the file or, if it begins with http:// or
	// https://, the URL of one that is not in it and has the file's defaults.
	Target string
	// Burst maps keys of burst to values that go before those of the file; each is
	// spelled as it would be there.
	Burst map[string]string
}

// ParseOne reads a configuration as [Parse] does and returns it with the picked
// target alone. A mistake in the pick is an [Error] without a file. For a URL data
// may be nil: there is no file then, and no defaults but the built-in ones. Where
// nothing says when its burst ends, a URL gets 20 requests, and where nothing says
// how many are in flight in a closed burst, 2.
func ParseOne(data []byte, path string, pick Pick) (*Config, error) {
	if data == nil {
		data = []byte("targets: []")
	}
	return parse(data, path, &loader{config: &Config{}, pick: &pick})
}

// IsURL tells whether the target is one that is not in the file.
func (p *Pick) IsURL() bool {
	lower := strings.ToLower(p.Target)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

// settle checks what was decoded into t, puts the flags over its burst if it is
// the picked one, and fills in the defaults.
func (l *loader) settle(t *Target, s *scope) {
	burst := t.Burst // as the file has it: check drops what has no meaning there, and a flag may give it one
	s.check(t)
	s.checkPolicy(t, l.rules())
	if l.pick != nil && t.Name == l.pick.Target {
		t.Burst = l.pick.override(burst, s)
	}
	fillTarget(t)
}

// override returns b with the values of the flags in it.
func (p *Pick) override(b Burst, s *scope) Burst {
	flags := &scope{report: s.report, files: s.files, where: commandLine, marks: s.marks}
	fields := burstFields(&b)
	for _, f := range fields {
		text, ok := p.Burst[f.key]
		if !ok {
			continue
		}
		c := cursor{scope: flags, path: "burst." + f.key, node: &yaml.Node{}}
		if n := parseValue(text); n != nil {
			c.read(f.value, n)
		} else {
			c.fail("is not a valid value")
		}
	}
	flags.checkBurst(&b)
	return b
}

// parseValue reads a value as it would stand behind a key, nil if it cannot.
func parseValue(text string) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil
	}
	if len(doc.Content) == 0 {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	if !resolve(doc.Content[0], newReport("")) {
		return nil
	}
	return doc.Content[0]
}

// narrow leaves the picked target alone in the configuration.
func (l *loader) narrow(top *scope) {
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
	if len(top.errs) == 0 {
		top.errs = append(top.errs, Error{Msg: top.file + " " + unknownTarget(p.Target, c.Targets)})
	}
}

// urlTarget returns the target that is the URL, over the defaults of the file.
func (l *loader) urlTarget(top *scope) Target {
	u, err := parseURL(l.pick.Target, "http://", "https://")
	if err != nil {
		top.errs = append(top.errs, Error{Path: "URL", Msg: err.Error()})
		return Target{}
	}
	t := l.base.clone()
	t.Name, t.URL = RedactedURL(u), u
	s := &scope{report: top.report, files: top.files, where: "URL", marks: map[string]mark{}}
	maps.Copy(s.marks, l.marks)
	s.checkNeeded(targetFields(&t), "")
	burst := t.Burst
	s.check(&t)
	s.checkPolicy(&t, l.rules())
	t.Burst = l.pick.override(burst, s)
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
	names := make(section, len(targets))
	for i, t := range targets {
		names[i].key = t.Name
	}
	const most = 5
	missing := fmt.Sprintf("has no target %q", name)
	switch best := closest(name, names, 2); {
	case best != "":
		return missing + fmt.Sprintf(", did you mean %q?", best)
	case strings.ContainsAny(name, ".:"):
		return missing + "; a URL begins with http:// or https://"
	case len(names) == 0:
		return "has no targets"
	case len(names) > most:
		return missing + fmt.Sprintf(" among its %d", len(names))
	}
	known := make([]string, len(names))
	for i, f := range names {
		known[i] = f.key
	}
	return missing + "; it has " + strings.Join(known, ", ")
}

package config

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/policy"
)

// Load reads the configuration at path and the files it refers to. The error is [form.Errors] if the content is wrong.
func Load(path string) (*Config, error) {
	data, err := Read(path)
	if err != nil {
		return nil, err
	}
	return Parse(data, path)
}

// Read returns the text of a configuration, of a bounded size.
func Read(path string) ([]byte, error) {
	data, err := form.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	return data, nil
}

// SumOf returns the hash of a file as it is now, to compare with [Config.Sums]. For an unreadable file it is the hash
// of the error. It never blocks.
func SumOf(path string) [sha256.Size]byte { return form.SumOf(path) }

// Parse reads a configuration from memory. The path need not exist: errors name it, and relative paths in data are
// relative to its folder. An error is [form.Errors], with every mistake found.
func Parse(data []byte, path string) (*Config, error) { return ParseAfter(data, path, nil) }

// ParseAfter reads a configuration as [Parse] does, to replace before. If a file of target_files is wrong and
// on_error is keep, the result has the targets that before had from this file. It does not change before.
func ParseAfter(data []byte, path string, before *Config) (*Config, error) {
	return parse(data, path, &loader{config: &Config{}, before: before})
}

func parse(data []byte, path string, l *loader) (*Config, error) {
	r := form.NewReport(path, words)
	root := form.Parse(data, r, "targets")
	if root == nil {
		return nil, r.Err()
	}
	c := l.config
	l.filling = new(sync.Mutex)
	presetFile(c)
	files := form.NewFiles(path)
	top := form.NewScope(r, files)
	networkFirst(loaderFields(l)).Decode(top.Cursor(root), root)
	if !top.IsSet(targetsKey) && !top.IsSet("target_files") && !top.IsSet("discover") && root.Kind == yaml.MappingNode {
		top.Cursor(root).Missing(targetsKey)
	}
	// The order matters: only when the targets of all files are together are names checked across them, and only
	// checked targets are picked.
	l.settleParts(r)
	l.checkNames(r)
	l.narrow(top)
	if err := l.err(r); err != nil {
		return nil, err
	}
	if c.Metrics.Buckets == nil {
		// A discovery finds targets later, and the buckets cannot change then. Its sample stands for those.
		c.Metrics.Buckets = defaultBuckets(longestTimeout(slices.Concat(c.Targets, c.samples())))
	}
	c.Warnings = append(c.Warnings, warnings(data, root, path, l.pick)...)
	for _, p := range l.parts {
		if !p.isWrong() && len(c.Warnings) < form.MaxErrors {
			c.Warnings = append(c.Warnings, warnings(p.text, p.root, p.report.File, l.pick)...)
		}
	}
	c.Files, c.Sums = files.Paths, files.Sums()
	return c, nil
}

const targetsKey = "targets"

// err returns all mistakes. With on_error: keep it returns nil if only files of targets have mistakes.
func (l *loader) err(r *form.Report) error {
	reports := []*form.Report{r}
	for _, p := range l.parts {
		reports = append(reports, p.report)
	}
	if l.config.OnError == OnErrorKeep && r.Found() == 0 {
		return nil
	}
	return form.Join(reports)
}

// loader carries settings from the key defaults to the key targets.
type loader struct {
	config *Config
	base   Target
	// defaults is nil until the file has them.
	defaults *form.Scope
	pick     *Pick // nil if all targets are wanted
	// filling is held while labels are filled into the template of a discovery.
	filling *sync.Mutex
	// names are the places of the targets' names.
	names map[string]form.Spot
	// compares are the places of compare.with, by the name of the target.
	compares map[string]form.Spot
	// windows are the places of the windows of maintenance.
	windows []*form.Scope
	// before is the configuration that this one replaces; it may be nil.
	before *Config
	// parts are the files of target_files, partBytes their total size.
	parts     []*filePart
	partBytes int
	// policy is nil until the first target is checked against it.
	policy *policy.Policy
}

// defaultsValue is the key defaults.
type defaultsValue struct{ *loader }

func (d defaultsValue) Decode(c form.Cursor, n *yaml.Node) {
	d.defaults = c.Part("defaults", d.defaults)
	targetFields(&d.base).AsDefaults("target").Decode(d.defaults.Cursor(c.Node), n)
}

// Encode returns nothing: each target is written with the defaults merged in.
func (d defaultsValue) Encode() *yaml.Node { return nil }

// Shape implements [form.Value].
func (defaultsValue) Shape() form.Shape { return form.RefTo(shapeOfDefaults) }

func (d defaultsValue) Reset() {}

// targetList is the key targets.
type targetList struct{ *loader }

func (l targetList) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	}
	owners := map[string]string{}
	l.names = map[string]form.Spot{}
	l.config.Targets = slices.Grow(l.config.Targets, len(n.Content))
	for i, item := range n.Content {
		place := c.Item(i, item)
		t, s := l.target(place, item)
		l.config.Targets = append(l.config.Targets, t)
		if t.Name == "" {
			continue
		}
		if owner, taken := owners[t.Name]; taken {
			s.Conflict("is already the name of "+owner, "name")
			continue
		}
		l.names[t.Name] = s.Spot("name")
		owners[t.Name] = fmt.Sprintf("%s in line %d", place.Path, s.Line("name"))
	}
}

// target decodes one target over a copy of the defaults.
func (l targetList) target(c form.Cursor, n *yaml.Node) (Target, *form.Scope) {
	s := c.Part(targetPlace(c.Path, nameIn(n)), l.defaults)
	return l.one(s, n), s
}

// one decodes the target with the scope s.
func (l *loader) one(s *form.Scope, n *yaml.Node) Target {
	// A copy, since targets change what they inherit.
	t := l.base.clone()
	fields := targetFields(&t)
	fields.Decode(s.Cursor(n), n)
	s.CheckNeeded(fields)
	l.items(&t, s, n)
	l.settle(&t, s)
	if t.Compare != nil && s.Sound("compare.with") {
		if l.compares == nil {
			l.compares = map[string]form.Spot{}
		}
		l.compares[t.Name] = s.Spot("compare.with")
	}
	return t
}

// targetPlace returns `targets[3] "checkout"`, or targets[3] without a name.
func targetPlace(path, name string) string {
	if name == "" {
		return path
	}
	return fmt.Sprintf("%s %q", path, name)
}

// nameIn returns the valid name in the mapping of a target, or "".
func nameIn(n *yaml.Node) string {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value == "name" && value.Kind == yaml.ScalarNode && checkName(value.Value) == nil && !form.IsNull(value) {
			return value.Value
		}
	}
	return ""
}

func (l targetList) Encode() *yaml.Node {
	n, files := &yaml.Node{Kind: yaml.SequenceNode}, l.config.FileOf()
	for i := range l.config.Targets {
		t := &l.config.Targets[i]
		if item := targetFields(t).Encode(); item != nil {
			if file, ok := files[t.Name]; ok {
				item.HeadComment = "of " + strconv.Quote(file)
			}
			n.Content = append(n.Content, item)
		}
	}
	return n
}

// Shape implements [form.Value].
func (targetList) Shape() form.Shape { return form.ListOf(form.RefTo(shapeOfTarget)) }

func (l targetList) Reset() {}

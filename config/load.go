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

// Load reads the configuration at path and the files that it refers to. The
// error is [form.Errors] when the content is wrong.
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

// SumOf returns the hash of a file as it is now, which [Config.Sums] has of the file as it was
// read. A file that cannot be read has a hash of its own. It waits for nothing.
func SumOf(path string) [sha256.Size]byte { return form.SumOf(path) }

// Parse reads a configuration from memory. The path need not exist: errors name
// it, and relative paths in data are relative to its folder. An error is
// [form.Errors], with every mistake that could be found.
func Parse(data []byte, path string) (*Config, error) { return ParseAfter(data, path, nil) }

// ParseAfter reads a configuration as [Parse] does, to take the place of the one before. From
// that it has the targets of those files of target_files that are wrong, if on_error is keep.
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
	l.settleParts(r)
	l.checkNames(r)
	l.narrow(top)
	if err := l.err(r); err != nil {
		return nil, err
	}
	if c.Metrics.Buckets == nil {
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

// err returns all mistakes, without those for which only a file is left aside.
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

// loader carries what the key defaults has set to the key targets.
type loader struct {
	config *Config
	base   Target
	// defaults is nil until the file has them.
	defaults *form.Scope
	pick     *Pick // nil where all targets are wanted
	// filling is held while the template of a discovery is filled in.
	filling *sync.Mutex
	// names are where the targets got theirs.
	names map[string]form.Spot
	// compares are where targets say with which other they are compared, by their names.
	compares map[string]form.Spot
	// windows are where the windows of maintenance stand.
	windows []*form.Scope
	// before is the configuration whose place this one takes; it may be nil.
	before *Config
	// parts are the files of target_files, which hold so many bytes.
	parts     []*filePart
	partBytes int
	// policy is nil until the first target is held against it.
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

// Shape is that of [form.Value].
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

// one decodes the target that s is the scope of.
func (l *loader) one(s *form.Scope, n *yaml.Node) Target {
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

// nameIn returns the valid name that stands in the mapping of a target, or "".
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

// Shape is that of [form.Value].
func (targetList) Shape() form.Shape { return form.ListOf(form.RefTo(shapeOfTarget)) }

func (l targetList) Reset() {}

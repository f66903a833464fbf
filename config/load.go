package config

import (
	"fmt"
	"slices"
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

// Parse reads a configuration from memory. The path need not exist: errors name
// it, and relative paths in data are relative to its folder. An error is
// [form.Errors], with every mistake that could be found.
func Parse(data []byte, path string) (*Config, error) {
	return parse(data, path, &loader{config: &Config{}})
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
	l.narrow(top)
	if err := r.Err(); err != nil {
		return nil, err
	}
	if c.Metrics.Buckets == nil {
		c.Metrics.Buckets = defaultBuckets(longestTimeout(slices.Concat(c.Targets, c.samples())))
	}
	c.Warnings = warnings(data, root, path, l.pick)
	c.Files, c.Sums = files.Paths, files.Sums()
	return c, nil
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
	// policy is nil until the first target is held against it.
	policy *policy.Policy
}

// defaultsValue is the key defaults.
type defaultsValue struct{ *loader }

func (d defaultsValue) Decode(c form.Cursor, n *yaml.Node) {
	d.defaults = c.Part("defaults", nil)
	targetFields(&d.base).AsDefaults("target").Decode(d.defaults.Cursor(c.Node), n)
}

// Encode returns nothing: each target is written with the defaults merged in.
func (d defaultsValue) Encode() *yaml.Node { return nil }

func (d defaultsValue) Reset() {}

// targetList is the key targets.
type targetList struct{ *loader }

func (l targetList) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	}
	owners := map[string]string{}
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
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range l.config.Targets {
		if item := targetFields(&l.config.Targets[i]).Encode(); item != nil {
			n.Content = append(n.Content, item)
		}
	}
	return n
}

func (l targetList) Reset() {}

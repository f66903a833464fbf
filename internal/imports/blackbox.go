package imports

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// BlackboxOptions say how to import a configuration of blackbox_exporter.
type BlackboxOptions struct {
	Options
	// Targets are the targets of the modules: URL or HOST:PORT for each module that it fits, or MODULE=URL for one
	// module. A module without a target gets a placeholder.
	Targets []string
}

// Blackbox imports the modules of a blackbox.yml. Each module becomes a target for each URL.
func Blackbox(source []byte, o BlackboxOptions) (*Result, error) {
	b := blackbox{options: o, unused: slices.Clone(o.Targets)}
	modules, err := b.modules(source)
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		if err := b.add(m); err != nil {
			return nil, err
		}
	}
	if len(b.unused) > 0 {
		return nil, fmt.Errorf("--target: no module can probe %s", withoutUser(b.unused[0]))
	}
	return finish(append([]string{"Imported from the modules of blackbox_exporter."}, b.head...), b.targets, o.Options)
}

// blackbox makes targets of modules.
type blackbox struct {
	options BlackboxOptions
	head    []string
	targets []*target
	// names are the names of the modules; unused are the targets that no module has taken yet.
	names  []string
	unused []string
}

// module is one module, as in the file.
type module struct {
	name string
	kind string // the value of prober
	node *yaml.Node
	// probe is the section of its kind, nil without one.
	probe *yaml.Node
}

func (b *blackbox) fail(n *yaml.Node, key, format string, args ...any) error {
	return &placeError{name: b.options.Name, line: n.Line, key: key, msg: fmt.Sprintf(format, args...)}
}

// modules returns the modules in the order of the file.
func (b *blackbox) modules(source []byte) ([]*module, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		line := 0
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		return nil, &placeError{name: b.options.Name, line: line, msg: "is not valid YAML: " + shortened(yamlLine.ReplaceAllString(err.Error(), ""))}
	}
	if len(doc.Content) == 0 {
		return nil, &placeError{name: b.options.Name, key: "modules", msg: "is missing: this is not a configuration of blackbox_exporter"}
	}
	var found []*module
	isThere := false
	err := b.walk(doc.Content[0], "", func(key string, n *yaml.Node) error {
		if key != "modules" {
			b.head = append(b.head, b.unsaid(key, n))
			return nil
		}
		isThere = true
		return b.walk(n, "modules", func(name string, n *yaml.Node) error {
			m, err := b.module(name, n)
			found = append(found, m)
			return err
		})
	})
	if err == nil && !isThere {
		err = b.fail(doc.Content[0], "modules", "is missing: this is not a configuration of blackbox_exporter")
	}
	for _, m := range found {
		if m != nil {
			b.names = append(b.names, m.name)
		}
	}
	return found, err
}

// module reads one module.
func (b *blackbox) module(name string, n *yaml.Node) (*module, error) {
	m := &module{name: name, node: n}
	sections := map[string]*yaml.Node{}
	err := b.walk(n, "modules."+name, func(key string, n *yaml.Node) error {
		if key == "prober" {
			m.kind = n.Value
		}
		sections[key] = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	m.probe = sections[m.kind]
	if m.kind == "" {
		return nil, b.fail(n, "modules."+name+".prober", "is missing")
	}
	return m, nil
}

// add adds a target for each URL of m.
func (b *blackbox) add(m *module) error {
	if !slices.Contains([]string{"http", "tcp", "dns", "grpc"}, m.kind) {
		b.head = append(b.head, fmt.Sprintf("The module %s is left out: there is no counterpart for the prober %s.", cut(m.name), cut(m.kind)))
		return nil
	}
	urls := b.urlsFor(m)
	if len(urls) == 0 {
		urls = []string{""}
	}
	for _, url := range urls {
		p := &probe{blackbox: b, module: m, given: url, target: &target{name: targetName(m.name), one: true, connection: newBlock()}}
		if len(urls) > 1 {
			place, _, _ := strings.Cut(trimScheme(url), "?") // a query may hold a secret
			p.target.name = targetName(m.name + "-" + withoutBrackets(place))
		}
		if err := p.build(); err != nil {
			return err
		}
		b.targets = append(b.targets, p.target)
	}
	return nil
}

func trimScheme(url string) string {
	if _, rest, ok := strings.Cut(url, "://"); ok {
		return rest
	}
	return url
}

// urlsFor returns the targets of the options for m.
func (b *blackbox) urlsFor(m *module) (urls []string) {
	for _, given := range b.options.Targets {
		name, url, ok := strings.Cut(given, "=")
		if ok && slices.Contains(b.names, name) {
			if name != m.name {
				continue
			}
		} else {
			url = given
		}
		if !m.fits(url) {
			continue
		}
		urls = append(urls, url)
		b.unused = slices.DeleteFunc(b.unused, func(s string) bool { return s == given })
	}
	return urls
}

// fits reports whether the scheme of a URL suits the kind. A URL without a scheme always fits.
func (m *module) fits(url string) bool {
	scheme, _, ok := strings.Cut(url, "://")
	return !ok || slices.Contains(map[string][]string{
		"http": {"http", "https"}, "tcp": {"tcp", "tls"}, "dns": {"dns"}, "grpc": {"grpc", "grpcs"},
	}[m.kind], strings.ToLower(scheme))
}

// walk calls take for each key of a mapping, including the keys merged into it.
func (b *blackbox) walk(n *yaml.Node, place string, take func(key string, n *yaml.Node) error) error {
	n = behindAlias(n)
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return b.fail(n, place, "must be a mapping")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], behindAlias(n.Content[i+1])
		if key.Tag == "!!merge" {
			if value.Kind == yaml.MappingNode && value != n {
				if err := b.walkMerged(n, value, take); err != nil {
					return err
				}
			}
			continue
		}
		if err := take(key.Value, value); err != nil {
			return err
		}
	}
	return nil
}

// walkMerged takes the keys of the mapping merged into n, except the keys of n itself.
func (b *blackbox) walkMerged(n, merged *yaml.Node, take func(key string, n *yaml.Node) error) error {
	own := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		own[n.Content[i].Value] = true
	}
	for i := 0; i+1 < len(merged.Content); i += 2 {
		key := merged.Content[i]
		if own[key.Value] || key.Tag == "!!merge" {
			continue
		}
		if err := take(key.Value, behindAlias(merged.Content[i+1])); err != nil {
			return err
		}
	}
	return nil
}

func behindAlias(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// unsaid returns the note for a key without a counterpart. It hides a secret value and shortens a long one.
func (b *blackbox) unsaid(key string, n *yaml.Node) string {
	shown := "…"
	last := key[strings.LastIndexByte(key, '.')+1:]
	switch {
	case isSecret(last, "x") || secretInQuery.MatchString(last):
		shown = "(a secret)"
	case n.Kind == yaml.ScalarNode:
		shown = cut(n.Value)
	case n.Kind == yaml.SequenceNode:
		var items []string
		for _, item := range n.Content[:min(len(n.Content), 3)] {
			if item = behindAlias(item); item.Kind == yaml.ScalarNode {
				items = append(items, cut(item.Value))
			}
		}
		if len(items) < len(n.Content) {
			items = append(items, "…")
		}
		shown = "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprintf("No counterpart: %s: %s", key, shown)
}

var prometheusDuration = regexp.MustCompile(`^([0-9]+(ms|[smhdwy]))+$`)

// flag reads true or false.
func (b *blackbox) flag(n *yaml.Node, key string) (bool, error) {
	var v bool
	if n.Kind != yaml.ScalarNode || n.Decode(&v) != nil {
		return false, b.fail(n, key, "must be true or false")
	}
	return v, nil
}

// word reads a single value.
func (b *blackbox) word(n *yaml.Node, key string) (string, error) {
	if n.Kind != yaml.ScalarNode {
		return "", b.fail(n, key, "must be a single value")
	}
	return n.Value, nil
}

// file reads the path of a file, relative to the folder of the source.
func (b *blackbox) file(n *yaml.Node, key string) (string, error) {
	name, err := b.word(n, key)
	if name != "" && !path.IsAbs(name) {
		name = path.Join(b.options.Folder, name)
	}
	return name, err
}

// words reads a list of single values.
func (b *blackbox) words(n *yaml.Node, key string) ([]string, error) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil, nil
	}
	if n.Kind != yaml.SequenceNode {
		return nil, b.fail(n, key, "must be a list")
	}
	var all []string
	for i, item := range n.Content {
		item = behindAlias(item)
		if item.Kind != yaml.ScalarNode {
			return nil, b.fail(item, fmt.Sprintf("%s[%d]", key, i), "must be a single value")
		}
		all = append(all, item.Value)
	}
	return all, nil
}

// expressions reads a list of regular expressions.
func (b *blackbox) expressions(n *yaml.Node, key string) ([]string, error) {
	all, err := b.words(n, key)
	for i, e := range all {
		if _, invalid := regexp.Compile(e); invalid != nil {
			return nil, b.fail(behindAlias(n.Content[i]), fmt.Sprintf("%s[%d]", key, i), "is not a regular expression of RE2: %s", cut(e))
		}
	}
	return all, err
}

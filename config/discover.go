package config

import (
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

const (
	defaultMaxFound = 1000
	maxMaxFound     = 1_000_000
	defaultKeepFor  = 10 * time.Minute
	maxKeepFor      = 365 * 24 * time.Hour
)

// Discover says how to find more targets, and what they are like.
type Discover struct {
	// Name is unique among the discoveries. It has the form of a target's name.
	Name string
	// MaxTargets bounds the found targets; at least 1.
	MaxTargets int
	// KeepFor is how long the last good set is kept when a discovery fails or finds nothing.
	KeepFor time.Duration
	// Mechanisms are Prometheus' own keys, in the order of [MechanismKeys]; at least one of them is not
	// relabel_configs.
	Mechanisms []Mechanism
	// Folder is the folder of the configuration: paths in Mechanisms are relative to it.
	Folder string
	// File is the path of the configuration, for mistakes in Mechanisms.
	File string

	template *targetTemplate
}

// Mechanism is a key of a discovery that Prometheus understands. It may hold secrets.
type Mechanism struct {
	// Key is one of [MechanismKeys].
	Key string
	// YAML is the value of the key, a list, as a document of its own.
	YAML []byte
	// Line is the line of the key in the file. Lines are the lines in the file of each line of YAML.
	Line  int
	Lines []int
}

// relabelKey is the one key of Mechanisms that finds no targets.
const relabelKey = "relabel_configs"

// MechanismKeys returns the keys of a discovery that Prometheus understands.
func MechanismKeys() []string {
	return []string{"file_sd_configs", "http_sd_configs", "dns_sd_configs", "kubernetes_sd_configs", "consul_sd_configs", relabelKey}
}

// Target returns the target for a set of labels. The target is checked as one in the file is. The error is
// [form.Errors] without file and line, or names a panic. It is safe for concurrent use.
func (d *Discover) Target(labels map[string]string) (t Target, err error) {
	defer func() {
		if v := recover(); v != nil { // labels are of others: they must cost one target at most
			err = fmt.Errorf("a fault of the prober, please report it: panic: %v", v)
		}
	}()
	return d.template.target(labels)
}

// discoverList is the key discover.
type discoverList struct{ *loader }

func (l discoverList) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	}
	lines := map[string]int{}
	for i, item := range n.Content {
		place := c.Item(i, item)
		s := c.Part(targetPlace(place.Path, nameIn(item)), nil)
		d := l.entry(s, item)
		l.config.Discover = append(l.config.Discover, d)
		if line, taken := lines[d.Name]; taken && d.Name != "" {
			s.Conflict(fmt.Sprintf("is already the name of the discovery in line %d", line), "name")
		} else if d.Name != "" {
			lines[d.Name] = s.Line("name")
		}
	}
}

func (l discoverList) entry(s *form.Scope, n *yaml.Node) Discover {
	d := Discover{MaxTargets: defaultMaxFound, KeepFor: defaultKeepFor, Folder: s.Files.Path("."), File: s.File}
	c := s.Cursor(n)
	l.fields(&d).Decode(c, n)
	if n.Kind != yaml.MappingNode {
		return d
	}
	finds := false
	for _, key := range MechanismKeys() {
		finds = finds || key != relabelKey && s.IsSet(key)
	}
	if !finds {
		c.Fail("needs one of %s", form.Alternatives(MechanismKeys()[:len(MechanismKeys())-1]))
	}
	return d
}

func (l discoverList) fields(d *Discover) form.Section {
	fields := form.Section{
		form.Key("name", form.Required(name(&d.Name))),
		form.Key("max_targets", form.WholeNumber(&d.MaxTargets, 1, maxMaxFound)),
		form.Key("keep_for", alwaysShown{form.Duration(&d.KeepFor, 0, maxKeepFor), func() *yaml.Node { return form.PlainNode(form.FormatDuration(d.KeepFor)) }}),
	}
	for _, key := range MechanismKeys() {
		fields = append(fields, form.Key(key, mechanism{key, &d.Mechanisms}))
	}
	return append(fields, form.Key("target", form.Required(templateValue{l.loader, d})))
}

// discoverFields are the keys of a discovery.
func discoverFields(d *Discover) form.Section {
	return discoverList{&loader{config: &Config{}}}.fields(d)
}

func (l discoverList) Encode() *yaml.Node {
	if len(l.config.Discover) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range l.config.Discover {
		n.Content = append(n.Content, l.fields(&l.config.Discover[i]).Encode())
	}
	return n
}

// Shape implements [form.Value].
func (l discoverList) Shape() form.Shape {
	var finds []any
	for _, key := range MechanismKeys() {
		if key != relabelKey {
			finds = append(finds, form.Shape{"required": []any{key}})
		}
	}
	return form.ListOf(discoverFields(new(Discover)).Shape().With("anyOf", finds))
}

func (l discoverList) Reset() { l.config.Discover = nil }

// alwaysShown is a value that is shown even if it is zero.
type alwaysShown struct {
	form.Value

	shown func() *yaml.Node
}

func (a alwaysShown) Encode() *yaml.Node { return a.shown() }

// mechanism is a key with a value for Prometheus.
type mechanism struct {
	key string
	to  *[]Mechanism
}

func (m mechanism) Decode(c form.Cursor, n *yaml.Node) {
	switch {
	case n.Kind != yaml.SequenceNode:
		c.Fail("must be a list, not %s", form.KindName(n))
		return
	case len(n.Content) == 0:
		c.Fail("must have at least one entry")
		return
	}
	// Prometheus' packages decode the text themselves. Its lines are kept, so that their mistakes have
	// lines of this file.
	text, lines, err := form.Document(c.Copy(n))
	if err != nil {
		c.Fail("cannot be used")
		return
	}
	*m.to = append(*m.to, Mechanism{Key: m.key, YAML: text, Line: c.Node.Line, Lines: lines})
}

func (m mechanism) Encode() *yaml.Node {
	for _, one := range *m.to {
		var doc yaml.Node
		if one.Key == m.key && yaml.Unmarshal(one.YAML, &doc) == nil {
			hideAllBut(doc.Content[0], "")
			return doc.Content[0]
		}
	}
	return nil
}

// Shape implements [form.Value].
func (mechanism) Shape() form.Shape {
	return form.ListOf(form.Shape{"type": "object"}).With("minItems", 1)
}

func (m mechanism) Reset() {}

// hideAllBut hides the values of all keys of a mechanism but those known to hold no secret. n is the value of the key.
func hideAllBut(n *yaml.Node, key string) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			hideAllBut(n.Content[i+1], n.Content[i].Value)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			hideAllBut(item, key)
		}
	default:
		shown, ok := shownKeys[key]
		switch {
		case !ok:
			*n = *form.PlainNode(form.Redaction)
		case shown != nil:
			n.Value = shown(n.Value)
		}
	}
}

// shownKeys are the keys of mechanisms that hold no secret. The function, if there is one, hides the part
// of a value that may be one. A key of a new version of a mechanism is hidden until it is known here.
var shownKeys = map[string]func(string) string{
	"files": nil, "refresh_interval": nil,
	"url": shownAddress, "api_server": shownAddress, "server": shownAddress, "proxy_url": shownAddress,
	"names": nil, "type": nil, "port": nil,
	"role": nil, "own_namespace": nil, "label": nil, "field": nil, "node": nil, "pod": nil,
	"datacenter": nil, "scheme": nil, "services": nil, "tags": nil, "allow_stale": nil, "partition": nil, "namespace": nil,
	"follow_redirects": nil, "enable_http2": nil, "insecure_skip_verify": nil, "server_name": nil,
	"source_labels": nil, "separator": nil, "target_label": nil, "regex": nil, "modulus": nil, "replacement": nil, "action": nil,
}

// shownAddress removes user name, password and query from an address. The address may lack a scheme.
func shownAddress(address string) string {
	address, _, hasQuery := strings.Cut(address, "?")
	scheme, rest, hasScheme := strings.Cut(address, "://")
	if !hasScheme {
		scheme, rest = "", address
	}
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = form.Redaction + "@" + rest[at+1:]
	}
	if hasScheme {
		rest = scheme + "://" + rest
	}
	if hasQuery {
		rest += "?" + form.Redaction
	}
	return rest
}

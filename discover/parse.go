package discover

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/model/relabel"
	yaml "go.yaml.in/yaml/v2"
	yamlv3 "gopkg.in/yaml.v3"

	"example.com/prober/config"
	"example.com/prober/config/form"
)

// relabelKey is the key without a mechanism.
const relabelKey = "relabel_configs"

// mechanism is one entry of a key such as http_sd_configs.
type mechanism struct {
	// place is http_sd_configs[0].
	place string
	cfg   discovery.Config
	// text is the source of cfg: mechanisms with the same text and folder are equal.
	text string
}

// settings are the parts of a discovery for Prometheus.
type settings struct {
	mechanisms []mechanism
	relabel    []*relabel.Config
}

// Check returns all mistakes in the parts of discoveries for Prometheus, as [form.Errors], or nil. It shows no values,
// because they may be secrets.
func Check(entries []config.Discover) error {
	_, err := parseAll(entries)
	return err
}

func parseAll(entries []config.Discover) ([]settings, error) {
	var all []settings
	var mistakes form.Errors
	for i := range entries {
		p := parser{entry: &entries[i], where: fmt.Sprintf("discover[%d] %q", i, entries[i].Name)}
		for _, m := range entries[i].Mechanisms {
			p.key(&m)
		}
		all = append(all, p.settings)
		mistakes = append(mistakes, p.mistakes...)
	}
	if len(mistakes) == 0 {
		return all, nil
	}
	slices.SortStableFunc(mistakes, func(a, b form.Error) int { return a.Line - b.Line })
	return nil, mistakes[:min(len(mistakes), form.MaxErrors)]
}

// parser collects the settings of one entry and its mistakes.
type parser struct {
	entry    *config.Discover
	where    string
	settings settings
	mistakes form.Errors
}

func (p *parser) fail(line int, path, message string) {
	p.mistakes = append(p.mistakes, form.Error{File: p.entry.File, Line: line, Where: p.where, Path: path, Msg: message})
}

// key reads one key of the entry, item by item.
func (p *parser) key(m *config.Mechanism) {
	if leanKeys[m.Key] {
		p.fail(m.Line, m.Key, "this prober was built without it (with the tag lean); use a prober that has it")
		return
	}
	var doc yamlv3.Node
	if err := yamlv3.Unmarshal(m.YAML, &doc); err != nil || len(doc.Content) == 0 {
		p.fail(m.Line, m.Key, "cannot be read")
		return
	}
	for i, item := range doc.Content[0].Content {
		p.item(m, fmt.Sprintf("%s[%d]", m.Key, i), item)
	}
}

// item reads one entry of a key.
func (p *parser) item(m *config.Mechanism, place string, n *yamlv3.Node) {
	text, err := yamlv3.Marshal(n)
	if err != nil {
		p.fail(lineIn(m, n.Line), place, "cannot be read")
		return
	}
	if m.Key == relabelKey {
		var rule relabel.Config
		if err = yaml.UnmarshalStrict(text, &rule); err == nil {
			err = rule.Validate(model.UTF8Validation)
		}
		p.settings.relabel = append(p.settings.relabel, &rule)
	} else {
		var configs discovery.Configs
		// The library decodes a whole list under its key, and names only the first mistake.
		// One entry at a time, each has its own.
		list, _ := yamlv3.Marshal(map[string][]*yamlv3.Node{m.Key: {n}})
		if err = yaml.UnmarshalStrict(list, &configs); err == nil && len(configs) == 1 {
			configs.SetDirectory(p.entry.Folder)
			p.settings.mechanisms = append(p.settings.mechanisms, mechanism{place, configs[0], p.entry.Folder + "\n" + m.Key + "\n" + string(text)})
		}
	}
	for _, one := range messages(err) {
		line := n.Line
		if key := unknownKey(one); key != "" {
			line = lineOfKey(n, key, line)
			one = "has no key " + strconv.Quote(key)
		}
		p.fail(lineIn(m, line), place, one)
	}
}

// lineIn returns the line in the file of a line of a key's value.
func lineIn(m *config.Mechanism, line int) int {
	if line >= 1 && line <= len(m.Lines) {
		return m.Lines[line-1]
	}
	return m.Line
}

var (
	lineOfMistake = regexp.MustCompile(`^\s*line \d+: `)
	valueOf       = regexp.MustCompile("`[^`]*`|\"[^\"]*\"")
	missingField  = regexp.MustCompile(`^field (\S+) not found in type `)
	typeInMistake = regexp.MustCompile(` into [\w.\[\]*{}]+$`)
)

// messages splits the error of a decoder into its mistakes, without values. Decoders repeat
// the value that they could not read, and it may be a password under the wrong key.
func messages(err error) []string {
	if err == nil {
		return nil
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n")
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		line = lineOfMistake.ReplaceAllString(line, "")
		if line == "" {
			continue
		}
		line = valueOf.ReplaceAllString(line, "a value")
		all = append(all, shortened(typeInMistake.ReplaceAllString(line, " here")))
	}
	return all
}

// unknownKey returns the key in a message about an unknown key, or "".
func unknownKey(message string) string {
	if found := missingField.FindStringSubmatch(message); found != nil {
		return found[1]
	}
	return ""
}

// lineOfKey returns the line of a key in the tree at n, or preset.
func lineOfKey(n *yamlv3.Node, key string, preset int) int {
	for i, child := range n.Content {
		if n.Kind == yamlv3.MappingNode && i%2 == 0 && child.Value == key {
			return child.Line
		}
		if line := lineOfKey(child, key, 0); line > 0 {
			return line
		}
	}
	return preset
}

// maxMessage is in bytes.
const maxMessage = 300

// shortened cuts a text from outside to maxMessage.
func shortened(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

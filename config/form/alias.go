package form

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// maxNodes bounds a file with its aliases expanded: enough for 50,000 targets
// of 40 nodes each.
const maxNodes = 2_000_000

const mergeTag = "!!merge"

// resolver replaces aliases with the nodes of their anchors. It copies nothing:
// the tree becomes a graph without cycles. The size of the expanded tree is
// bounded.
type resolver struct {
	report *Report
	// sizes holds the expanded size of each finished node, 0 of an unfinished
	// one.
	sizes map[*yaml.Node]int
}

// resolve reports whether root can now be used as a tree.
func resolve(root *yaml.Node, r *Report) bool {
	before := r.Found()
	(&resolver{report: r, sizes: map[*yaml.Node]int{}}).size(root)
	return r.Found() == before
}

func (r *resolver) size(n *yaml.Node) int {
	if size, ok := r.sizes[n]; ok {
		return size
	}
	r.sizes[n] = 0
	if n.Style&yaml.TaggedStyle != 0 {
		r.report.add(n, "", "", "YAML tags are not supported; quote a value to make it a text")
	}
	total := 1
	for i, child := range n.Content {
		if child.Kind == yaml.AliasNode {
			n.Content[i] = child.Alias
		}
		size := r.size(n.Content[i])
		if size == 0 {
			r.report.add(child, "", "", "an alias stands inside its own anchor")
			size = 1
		}
		total += size
		if total > maxNodes {
			r.report.add(child, "", "", fmt.Sprintf("the file has more than %d values when its aliases are written out", maxNodes))
			total = 1
			break
		}
	}
	r.sizes[n] = total
	return total
}

// Pair is one key of a mapping with its value.
type Pair struct{ Key, Value *yaml.Node }

// Pairs returns the keys of the mapping n in order: first its own, then those
// of its merge keys (<<). Its own keys win.
func (c Cursor) Pairs(n *yaml.Node) []Pair {
	var own []Pair
	var merged []*yaml.Node
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			c.at(key).Fail("a key must be a single value, not %s", KindName(key))
			continue
		}
		if first, ok := lines[key.Value]; ok {
			c.Child(key).Fail("duplicate key, the first is in line %d", first)
			continue
		}
		lines[key.Value] = key.Line
		if key.Tag == mergeTag {
			merged = c.mergeSources(key, value)
			continue
		}
		own = append(own, Pair{key, value})
	}
	for _, source := range merged {
		for _, p := range c.Pairs(source) {
			if _, ok := lines[p.Key.Value]; !ok {
				lines[p.Key.Value] = p.Key.Line
				own = append(own, p)
			}
		}
	}
	return own
}

// mergeSources returns the mappings in the value of a merge key.
func (c Cursor) mergeSources(key, value *yaml.Node) []*yaml.Node {
	sources := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		sources = value.Content
	}
	for _, source := range sources {
		if source.Kind != yaml.MappingNode {
			c.Child(key).Fail("must be a mapping or a list of mappings")
			return nil
		}
	}
	return sources
}

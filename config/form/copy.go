package form

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

// Copy returns a copy of the tree n at c, with its merge keys resolved. It reports duplicate keys.
func (c Cursor) Copy(n *yaml.Node) *yaml.Node {
	to := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line, Column: n.Column}
	switch n.Kind {
	case yaml.MappingNode:
		for _, p := range c.Pairs(n) {
			to.Content = append(to.Content, scalarCopy(p.Key), c.Child(p.Key).Copy(p.Value))
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			to.Content = append(to.Content, c.Item(i, item).Copy(item))
		}
	}
	return to
}

func scalarCopy(n *yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value, Line: n.Line, Column: n.Column}
}

// Document returns the tree at n as a YAML document, and for each of its lines the line in the file.
func Document(n *yaml.Node) (text []byte, lines []int, err error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(n); err != nil {
		return nil, nil, err
	}
	var again yaml.Node
	if err := yaml.Unmarshal(out.Bytes(), &again); err != nil {
		return nil, nil, err
	}
	lines = make([]int, bytes.Count(out.Bytes(), []byte("\n")))
	noteLines(lines, n, again.Content[0])
	for i := range lines {
		if lines[i] == 0 && i > 0 {
			lines[i] = lines[i-1]
		}
	}
	return out.Bytes(), lines, nil
}

// noteLines notes the lines in the file of the nodes of a tree. written is the same tree in its document.
func noteLines(lines []int, n, written *yaml.Node) {
	if at := written.Line - 1; at >= 0 && at < len(lines) && lines[at] == 0 {
		lines[at] = n.Line
	}
	for i := range min(len(n.Content), len(written.Content)) {
		noteLines(lines, n.Content[i], written.Content[i])
	}
}

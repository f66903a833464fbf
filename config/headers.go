package config

import (
	"errors"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// headers is the mapping of header names to one value or a list of values.
// Names are compared without case; null takes a header of the defaults away.
type headers struct{ to *[]Header }

func (h headers) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.fail("must be a mapping of names to values, not %s", kindName(n))
		return
	}
	merged := slices.Clone(*h.to)
	lines := map[string]int{}
	for _, p := range c.pairs(n) {
		header := c.child(p.key)
		name := strings.ToLower(p.key.Value)
		if err := checkHeaderName(name); err != nil {
			header.fail("%s", err)
			continue
		}
		if line, ok := lines[name]; ok {
			header.fail("duplicate header, the first is in line %d; one name can have a list of values", line)
			continue
		}
		lines[name] = p.key.Line
		merged = mergeHeader(merged, p.key.Value, header.headerValues(p.value))
	}
	if len(merged) == 0 {
		merged = nil
	}
	*h.to = merged
}

// mergeHeader puts the header in the place of the one with the same name, or at
// the end; without values it removes it.
func mergeHeader(headers []Header, name string, values []string) []Header {
	i := slices.IndexFunc(headers, func(h Header) bool { return strings.EqualFold(h.Name, name) })
	switch {
	case i < 0 && len(values) == 0:
		return headers
	case i < 0:
		return append(headers, Header{name, values})
	case len(values) == 0:
		return slices.Delete(headers, i, i+1)
	}
	headers[i] = Header{name, values}
	return headers
}

// headerValues returns no value for null and after a mistake.
func (c cursor) headerValues(n *yaml.Node) []string {
	if isNull(n) {
		if n.Value == "" {
			c.fail("has no value; write '' for an empty one, or null to leave out a header of the defaults")
		}
		return nil
	}
	nodes := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		nodes = n.Content
	}
	if len(nodes) == 0 {
		c.fail("must hold at least one value")
	}
	values := make([]string, 0, len(nodes))
	for i, node := range nodes {
		if err := checkHeaderValue(node); err != nil {
			place := c
			if node != n {
				place = c.item(i, node)
			}
			place.fail("%s", err)
			continue
		}
		values = append(values, node.Value)
	}
	return values
}

func (h headers) encode() *yaml.Node {
	if len(*h.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, header := range *h.to {
		values := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for range header.Values {
			values.Content = append(values.Content, plainNode(redaction))
		}
		n.Content = append(n.Content, textNode(header.Name), values)
	}
	return n
}

func (h headers) reset() { *h.to = nil }

// checkHeaderName wants a name in lower case.
func checkHeaderName(name string) error {
	if !isToken(name) {
		return errors.New("a header name is letters, digits and any of !#$%&'*+-.^_`|~ (RFC 9110, section 5.1)")
	}
	switch name {
	case "host":
		return errors.New("is set by request.host")
	case "content-length", "transfer-encoding", "trailer":
		return errors.New("is set by the prober, to match the body that it sends")
	case "connection", "keep-alive", "proxy-connection":
		return errors.New("is set by the prober; connection.reuse says how long a connection is kept")
	case "upgrade", "http2-settings", "te":
		return errors.New("would change the protocol of the connection; connection.http_version selects it")
	case "expect":
		return errors.New("would make the prober wait for the target's leave before it sends the body")
	case "proxy-authorization":
		return errors.New("is for a proxy, not for the target")
	}
	return nil
}

func checkHeaderValue(n *yaml.Node) error {
	switch {
	case n.Kind != yaml.ScalarNode:
		return errors.New("must be a value or a list of values, not " + kindName(n))
	case isNull(n):
		return errors.New("has no value; write '' for an empty one")
	case strings.ContainsFunc(n.Value, isControl):
		return errors.New("must not hold line breaks or other control characters")
	case strings.Trim(n.Value, " ") != n.Value:
		return errors.New("must not begin or end with a space")
	}
	return nil
}

// isToken follows RFC 9110, section 5.6.2.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		isAlnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !isAlnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r <= 0x9f }

package config

import (
	"errors"
	"strings"

	"gopkg.in/yaml.v3"
)

// byHeader is the mapping of header names to what T holds of each. Names are
// compared without case; null takes one of the defaults away.
type byHeader[T any] struct {
	to *[]T
	// name returns the name of the header that a T is about.
	name func(T) string
	// checkName is given the name in lower case.
	checkName func(string) error
	// hint is for who writes a header twice.
	hint string
	// parse returns false for null, and after a mistake, which it reports.
	parse  func(c cursor, name string, n *yaml.Node) (T, bool)
	format func(T) *yaml.Node
}

func headers(to *[]Header) value {
	return byHeader[Header]{
		to:        to,
		name:      func(h Header) string { return h.Name },
		checkName: checkHeaderName,
		hint:      "one name can have a list of values",
		parse: func(c cursor, name string, n *yaml.Node) (Header, bool) {
			values := c.values(n, checkHeaderValue)
			return Header{name, values}, len(values) > 0
		},
		format: func(h Header) *yaml.Node { return redactedList(len(h.Values)) },
	}
}

func (h byHeader[T]) decode(c cursor, n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		c.fail("must be a mapping of names to values, not %s", kindName(n))
		return
	}
	merged := h.begin()
	lines := map[string]int{}
	for _, p := range c.pairs(n) {
		header := c.entry(p)
		name := strings.ToLower(p.key.Value)
		if err := h.checkName(name); err != nil {
			header.fail("%s", err)
			continue
		}
		if line, ok := lines[name]; ok {
			header.fail("duplicate header, the first is in line %d; %s", line, h.hint)
			continue
		}
		lines[name] = p.key.Line
		item, ok := h.parse(header, p.key.Value, p.value)
		merged.put(name, item, ok)
	}
	*h.to = merged.items()
}

// merger puts what is said about headers in the place of what was said before about
// the same ones, or at the end. It takes the same time for each of them, however many
// there are.
type merger[T any] struct {
	all []*T           // nil where one was taken away
	at  map[string]int // the place in all of each name, in lower case
}

func (h byHeader[T]) begin() *merger[T] {
	m := &merger[T]{at: map[string]int{}}
	for _, old := range *h.to {
		m.put(strings.ToLower(h.name(old)), old, true)
	}
	return m
}

// put sets what is said about a name or, unless set, takes it away.
func (m *merger[T]) put(name string, item T, set bool) {
	i, known := m.at[name]
	switch {
	case set && known:
		m.all[i] = &item
	case set:
		m.at[name] = len(m.all)
		m.all = append(m.all, &item)
	case known:
		m.all[i] = nil
		delete(m.at, name)
	}
}

// items returns what is left in order, nil for nothing.
func (m *merger[T]) items() []T {
	var items []T
	for _, item := range m.all {
		if item != nil {
			items = append(items, *item)
		}
	}
	return items
}

func (h byHeader[T]) encode() *yaml.Node {
	if len(*h.to) == 0 {
		return nil
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, item := range *h.to {
		n.Content = append(n.Content, textNode(h.name(item)), h.format(item))
	}
	return n
}

func (h byHeader[T]) reset() { *h.to = nil }

// values returns one text or a list of them: none for null and after a mistake.
func (c cursor) values(n *yaml.Node, check func(*yaml.Node) error) []string {
	if isNull(n) {
		if n.Value == "" {
			c.fail("has no value; write '' for an empty one, or null to leave out what the defaults say")
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
		if err := check(node); err != nil {
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

// redactedList stands for so many values.
func redactedList(count int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for range count {
		n.Content = append(n.Content, plainNode(redaction))
	}
	return n
}

// checkHeaderName wants a name in lower case.
func checkHeaderName(name string) error {
	if err := checkToken(name); err != nil {
		return err
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

func checkToken(name string) error {
	if !isToken(name) {
		return errors.New("a header name is letters, digits and any of !#$%&'*+-.^_`|~ (RFC 9110, section 5.1)")
	}
	return nil
}

// checkIDHeader wants a header that nothing else in the file sets.
func checkIDHeader(s string) error {
	name := strings.ToLower(s)
	switch name {
	case "accept-encoding":
		return errors.New("is set by request.compression")
	case "authorization":
		return errors.New("is set by request.basic_auth, request.authorization or request.oauth2")
	case "traceparent":
		return errors.New("is set by request.traceparent")
	}
	return checkHeaderName(name)
}

func checkHeaderValue(n *yaml.Node) error {
	if err := checkText(n); err != nil {
		return err
	}
	switch {
	case strings.ContainsFunc(n.Value, isControl):
		return errors.New("must not hold line breaks or other control characters")
	case strings.Trim(n.Value, " ") != n.Value:
		return errors.New("must not begin or end with a space")
	}
	return nil
}

func checkText(n *yaml.Node) error {
	switch {
	case n.Kind != yaml.ScalarNode:
		return errors.New("must be a value or a list of values, not " + kindName(n))
	case isNull(n):
		return errors.New("has no value; write '' for an empty one")
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

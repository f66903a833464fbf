package houserules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Targets with a mix or a journey have several series of a metric, other targets have one. A query that ignores this is
// right for the other targets only. For a mix or a journey it matches many series instead of one, or none at all, takes
// one request for the whole, or counts twice.

// split says how many series a target has in the result of an expression.
type split int

const (
	whole split = iota // one
	apart              // one for each value of the label, as the query says
	loose              // one for each value of the label, but the query does not mention it
)

// splitter finds the parts of an expression that forget that a target may have several series. These series differ in
// the label.
type splitter struct {
	known map[string]metric
	label string
	found []string
}

// mistakes returns the mistakes in an expression, if series differ in the label.
func mistakes(known map[string]metric, label string, expr parser.Expr) []string {
	s := splitter{known: known, label: label}
	if s.of(expr) == loose {
		s.found = append(s.found, fmt.Sprintf("nothing adds up or names each %s", label))
	}
	return s.found
}

func (s *splitter) complain(n parser.Node, what string) {
	s.found = append(s.found, fmt.Sprintf("%s: %s", what, n))
}

func (s *splitter) of(n parser.Expr) split {
	switch n := n.(type) {
	case *parser.VectorSelector:
		return s.ofSelector(n)
	case *parser.MatrixSelector:
		return s.of(n.VectorSelector)
	case *parser.SubqueryExpr:
		return s.of(n.Expr)
	case *parser.ParenExpr:
		return s.of(n.Expr)
	case *parser.StepInvariantExpr:
		return s.of(n.Expr)
	case *parser.UnaryExpr:
		return s.of(n.Expr)
	case *parser.Call:
		return s.ofCall(n)
	case *parser.AggregateExpr:
		return s.ofAggregate(n)
	case *parser.BinaryExpr:
		return s.ofBinary(n)
	}
	return whole
}

// isInfo reports whether an expression has only labels, and no numbers that add up.
func isInfo(n parser.Expr) bool {
	selected, info := 0, 0
	selectors(n, func(s *parser.VectorSelector, _ []parser.Node) {
		selected++
		if strings.HasSuffix(s.Name, "_info") {
			info++
		}
	})
	return info > 0 && info == selected
}

func (s *splitter) ofSelector(n *parser.VectorSelector) split {
	m, _, _ := look(s.known, n.Name)
	one := slices.ContainsFunc(n.LabelMatchers, func(m *labels.Matcher) bool {
		return m.Name == s.label && m.Type == labels.MatchEqual
	})
	if !m.labels[s.label] || one {
		return whole
	}
	return loose
}

func (s *splitter) ofCall(n *parser.Call) split {
	result := whole
	for _, arg := range n.Args {
		result = max(result, s.of(arg))
	}
	switch n.Func.Name {
	case "absent", "absent_over_time", "scalar":
		return whole
	case "label_replace":
		if to, ok := n.Args[1].(*parser.StringLiteral); ok && to.Val == s.label {
			return apart
		}
	}
	return result
}

func (s *splitter) ofAggregate(n *parser.AggregateExpr) split {
	inner := s.of(n.Expr)
	if inner == whole {
		return whole
	}
	selects := slices.Contains([]parser.ItemType{parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO}, n.Op)
	adds := slices.Contains([]parser.ItemType{parser.SUM, parser.COUNT, parser.GROUP}, n.Op)
	switch {
	case n.Without && !slices.Contains(n.Grouping, s.label):
		return inner
	case !n.Without && slices.Contains(n.Grouping, s.label) && !selects:
		return apart
	case inner == loose && !adds && !isInfo(n.Expr):
		s.complain(n, fmt.Sprintf("%s is of one %s, not of the target", n.Op, s.label))
	}
	if selects {
		return apart
	}
	return whole
}

func (s *splitter) ofBinary(n *parser.BinaryExpr) split {
	l, r := s.of(n.LHS), s.of(n.RHS)
	m := n.VectorMatching
	if m == nil { // at least one side is a number
		return max(l, r)
	}
	matched := slices.Contains(m.MatchingLabels, s.label) == m.On
	either := n.Op == parser.LOR && isInfo(n)
	if (l == whole) != (r == whole) && matched && !either {
		s.complain(n, fmt.Sprintf("only one side has the label %s", s.label))
	}
	many, one := l, r
	if m.Card == parser.CardOneToMany {
		many, one = r, l
	}
	switch {
	case n.Op == parser.LOR:
		return max(l, r)
	case n.Op.IsSetOperator():
		return l
	case !matched && one != whole, !matched && m.Card == parser.CardOneToOne && many != whole:
		s.complain(n, fmt.Sprintf("a target has a series for each %s where one is expected", s.label))
	case matched && m.On && many != whole:
		return apart
	}
	if !matched && m.Card == parser.CardOneToOne {
		return whole
	}
	return many
}

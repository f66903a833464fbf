package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/threshold"
)

// hostTexts returns the value for a list of texts with hosts in them.
func hostTexts(to *[]string, check func(string) error) form.Value {
	parse := func(n *yaml.Node) (string, error) { return parseHost(n.Value, check) }
	return form.List[string]{To: to, Parse: parse, Format: form.TextNode, Check: form.CheckNoRepeat[string], Written: form.AnyText}
}

// thresholds returns the value for a list of limits that a burst must keep.
func thresholds(to *[]threshold.Threshold) form.Value {
	parse := func(n *yaml.Node) (threshold.Threshold, error) { return threshold.Parse(n.Value) }
	format := func(t threshold.Threshold) *yaml.Node { return form.TextNode(t.String()) }
	return form.List[threshold.Threshold]{To: to, Parse: parse, Format: format, Check: form.CheckNoRepeat[threshold.Threshold], Written: form.AnyText}
}

// codings returns the value for a list of content codings: RFC 9110, section
// 8.4.1.
func codings(to *[]string) form.Value {
	names := []string{"gzip", "br", "zstd", "deflate"}
	parse := func(n *yaml.Node) (string, error) {
		if !slices.Contains(names, n.Value) {
			return "", fmt.Errorf("must be %s", form.Alternatives(names))
		}
		return n.Value, nil
	}
	return form.List[string]{To: to, Parse: parse, Format: form.TextNode, Check: form.CheckNoRepeat[string], Written: func() form.Shape { return form.OneWord(names) }}
}

func statuses(to *[]option.StatusRange) form.Value {
	return form.List[option.StatusRange]{To: to, Parse: parseStatusRange, Format: formatStatusRange, Written: statusShape}
}

var statusWritten = regexp.MustCompile(`^ *[1-5][0-9][0-9] *(- *[1-5][0-9][0-9] *)?$`)

func statusShape() form.Shape {
	shape := form.TextLike(statusWritten, "must be a status such as 404 or a range such as 200-299, within 100-599")
	return shape.With("type", []any{"integer", "string"}).With("minimum", 100).With("maximum", 599)
}

func parseStatusRange(n *yaml.Node) (option.StatusRange, error) {
	low, high, isRange := strings.Cut(n.Value, "-")
	if !isRange {
		high = low
	}
	from, err := strconv.Atoi(strings.TrimSpace(low))
	to, err2 := strconv.Atoi(strings.TrimSpace(high))
	switch {
	case err != nil || err2 != nil:
		return option.StatusRange{}, errors.New("must be a status such as 404 or a range such as 200-299")
	case min(from, to) < 100 || max(from, to) > 599:
		return option.StatusRange{}, errors.New("must lie within 100-599")
	case from > to:
		return option.StatusRange{}, errors.New("the range ends before it begins")
	}
	return option.StatusRange{From: from, To: to}, nil
}

func formatStatusRange(r option.StatusRange) *yaml.Node {
	if r.From == r.To {
		return form.PlainNode(strconv.Itoa(r.From))
	}
	return form.PlainNode(fmt.Sprintf("%d-%d", r.From, r.To))
}

func buckets(to *[]float64) form.Value {
	parse := func(n *yaml.Node) (float64, error) {
		v, err := form.ParseNumber(n)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%w of seconds", err)
		case v <= 0:
			return 0, errors.New("must be above 0")
		}
		return v, nil
	}
	return form.List[float64]{To: to, Parse: parse, Format: form.NumberNode, Check: checkBuckets,
		Written: func() form.Shape { return form.Shape{"type": "number", "exclusiveMinimum": 0} }, Whole: func() form.Shape { return form.Shape{"minItems": 1, "maxItems": maxBuckets, "uniqueItems": true} }}
}

func checkBuckets(bounds []float64) error {
	if len(bounds) == 0 {
		return errors.New("must have at least one bound")
	}
	if len(bounds) > maxBuckets {
		return fmt.Errorf("must have at most %d bounds, not %d", maxBuckets, len(bounds))
	}
	for i := 1; i < len(bounds); i++ {
		if bounds[i] <= bounds[i-1] {
			return fmt.Errorf("must ascend, but %s comes after %s", form.FormatNumber(bounds[i]), form.FormatNumber(bounds[i-1]))
		}
	}
	return nil
}

const prefixMistake = "must be a network such as 10.0.0.0/8 or fd00::/8, or an address without a zone"

// prefixWritten is a bit wider than parsePrefix.
var prefixWritten = regexp.MustCompile(`^[0-9a-fA-F.:]+(/[0-9]{1,3})?$`)

// prefixes returns the value for a list of networks. It distinguishes an empty
// list from a missing one: deny: [] denies nothing.
func prefixes(to *[]netip.Prefix) form.Value {
	format := func(p netip.Prefix) *yaml.Node { return form.PlainNode(p.String()) }
	return form.List[netip.Prefix]{To: to, Parse: parsePrefix, Format: format, Zero: []netip.Prefix{}, Written: func() form.Shape { return form.TextLike(prefixWritten, prefixMistake) }}
}

func parsePrefix(n *yaml.Node) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(n.Value)
	if addr, addrErr := netip.ParseAddr(n.Value); addrErr == nil && addr.Zone() == "" {
		p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	switch {
	case err != nil:
		return p, errors.New(prefixMistake)
	case p.Addr().Is4In6():
		return p, errors.New("is a mapped IPv4 network; write the IPv4 network")
	case p != p.Masked():
		return p, fmt.Errorf("has bits set beyond its length; write %s or the address alone", p.Masked())
	}
	return p, nil
}

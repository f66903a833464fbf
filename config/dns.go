package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
	"example.com/prober/policy"
)

// Bounds of expectations about DNS answers. A message has no room for more records.
const (
	maxAnswers = 5000
	maxTTL     = 68 * 365 * 24 * time.Hour
)

// Answers are expectations about the records of a DNS answer with the code NOERROR. They cover the records of the
// requested type.
type Answers struct {
	// Count is the least number of records; nil means no expectation.
	Count *int
	// Regexp, unless empty, must match at least one record.
	Regexp string
	// MinTTL is the least remaining lifetime of each record.
	MinTTL time.Duration
}

// dnsKeys have a meaning only for DNS servers.
func dnsKeys() []string { return []string{"dns", "expect.rcode", "expect.answers"} }

func dnsFields(d *option.DNS) form.Section {
	return form.Section{
		form.Key("name", questionName(&d.Name)),
		form.Key("type", form.Choice(&d.Type, option.RecordTypes()...)),
		form.Key("transport", form.Choice(&d.Transport, option.DNSOverUDP, option.DNSOverTCP, option.DNSOverTLS)),
		form.Key("recursion", offSwitch{&d.NoRecursion}),
		form.Key("dnssec", form.Boolean(&d.DNSSEC)),
	}
}

func answersFields(a *Answers) form.Section {
	return form.Section{
		form.Key("count", leastCount(&a.Count)),
		form.Key("regexp", form.Text(&a.Regexp, checkBodyPattern)),
		form.Key("min_ttl", form.Duration(&a.MinTTL, time.Second, maxTTL)),
	}
}

// fillDNS fills in the defaults of a DNS target. Without a name it asks for the servers of the root: any
// resolver knows them. At least one record is expected by default: an empty answer is of no use to whoever
// looks a name up.
func fillDNS(t *Target, tls bool) {
	if t.DNS == nil {
		t.DNS = new(option.DNS)
	}
	if t.DNS.Name == "" {
		t.DNS.Name = "."
		fill(&t.DNS.Type, "NS")
	}
	fill(&t.DNS.Type, "A")
	fill(&t.DNS.Transport, option.DNSOverUDP)
	fill(&t.Connection.Reuse, ReuseAlways)
	fill(&t.Connection.Clock, option.KernelClock)
	if tls {
		fill(&t.Connection.TLSTimeout, defaultTLSTimeout)
	}
	if t.Expect.Answers.Count == nil && takesRecords(t.Expect.Rcode) {
		one := 1
		t.Expect.Answers.Count = &one
	}
}

// checkDNS finds questions without a name, and expectations that no answer can meet.
func (s checks) checkDNS(t *Target) {
	const name, kind, codes = "dns.name", "dns.type", "expect.rcode"
	if s.IsSet(kind) && !s.IsSet(name) {
		s.Conflict("needs dns.name too", kind)
	}
	if !s.Sound(codes) || takesRecords(t.Expect.Rcode) {
		return
	}
	for _, f := range answersFields(&t.Expect.Answers) {
		key := "expect.answers." + f.Name
		if !s.IsSet(key) {
			continue
		}
		if s.IsOwn(key) || s.AreTogether(key, codes) {
			s.Conflict("has no meaning if expect.rcode does not list NOERROR", key)
		}
		f.Value.Reset()
		s.Forget(key)
	}
}

// takesRecords reports whether an answer with one of the expected codes may have records.
func takesRecords(codes []option.Rcode) bool {
	return len(codes) == 0 || slices.Contains(codes, option.RcodeSuccess)
}

// questionName returns the value for a name in DNS. It turns letters beyond ASCII into their xn-- form.
func questionName(to *string) form.Value {
	parse := func(n *yaml.Node) (string, error) {
		name, err := policy.ASCII(n.Value)
		if err != nil {
			return "", err
		}
		return name, checkQuestionName(name)
	}
	return form.Scalar[string]{To: to, Parse: parse, Format: form.TextNode, Written: form.SomeText}
}

// checkQuestionName follows RFC 1035, section 2.3.4. It refuses characters that need escapes in zone files.
func checkQuestionName(name string) error {
	const maxName, maxLabel = 253, 63
	if addr, err := netip.ParseAddr(name); err == nil {
		return errors.New("is an address; to ask for its name, write type: PTR and name: " + reverseName(addr))
	}
	if name == "." {
		return nil
	}
	bare := strings.TrimSuffix(name, ".")
	if len(bare) > maxName {
		return fmt.Errorf("has more than %d characters", maxName)
	}
	for label := range strings.SplitSeq(bare, ".") {
		odd := strings.ContainsFunc(label, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"$();@\`, r)
		})
		if odd || label == "" || len(label) > maxLabel {
			return errors.New("is not a DNS name: a name has labels of 1 to 63 letters, digits, - and _, with dots between them")
		}
	}
	return nil
}

// reverseName returns the name of the PTR record of an address (RFC 1035, section 3.5; RFC 3596, section 2.5).
func reverseName(addr netip.Addr) string {
	var labels []string
	suffix := "in-addr.arpa"
	if addr = addr.Unmap(); addr.Is4() {
		for _, b := range addr.AsSlice() {
			labels = append(labels, strconv.Itoa(int(b)))
		}
	} else {
		suffix = "ip6.arpa"
		labels = strings.Split(hex.EncodeToString(addr.AsSlice()), "")
	}
	slices.Reverse(labels)
	return strings.Join(append(labels, suffix), ".")
}

// leastCount returns the value for a number that may be 0. It is nil if the file has none.
func leastCount(to **int) form.Value {
	parse := func(n *yaml.Node) (*int, error) {
		v, err := strconv.Atoi(n.Value)
		if err != nil || v < 0 || v > maxAnswers {
			return nil, fmt.Errorf("must be a whole number from 0 to %d", maxAnswers)
		}
		return &v, nil
	}
	format := func(v *int) *yaml.Node { return form.PlainNode(strconv.Itoa(*v)) }
	return form.Scalar[*int]{To: to, Parse: parse, Format: format, Written: func() form.Shape { return form.Shape{"type": "integer", "minimum": 0, "maximum": maxAnswers} }}
}

// offSwitch is a switch that is on by default. The variable is true for off.
type offSwitch struct{ off *bool }

func (o offSwitch) Decode(c form.Cursor, n *yaml.Node) {
	v, err := form.ParseBool(n)
	if err != nil {
		c.Fail("%s", err)
		return
	}
	*o.off = !v
}

func (o offSwitch) Encode() *yaml.Node { return form.PlainNode(strconv.FormatBool(!*o.off)) }

// Shape implements [form.Value].
func (offSwitch) Shape() form.Shape { return form.Shape{"type": "boolean"} }

func (o offSwitch) Reset() { *o.off = false }

// rcodes is one code of DNS answers or a list of them.
type rcodes struct{ to *[]option.Rcode }

func (r rcodes) list() form.List[option.Rcode] {
	return form.List[option.Rcode]{To: r.to, Parse: parseRcode, Format: formatRcode, Check: form.CheckNoRepeat[option.Rcode], Written: func() form.Shape { return form.OneWord(option.RcodeNames()) }}
}

func parseRcode(n *yaml.Node) (option.Rcode, error) {
	code, ok := option.ParseRcode(n.Value)
	if !ok {
		return 0, errors.New("must be " + form.Alternatives(option.RcodeNames()))
	}
	return code, nil
}

func formatRcode(r option.Rcode) *yaml.Node { return form.PlainNode(r.String()) }

func (r rcodes) Decode(c form.Cursor, n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		r.list().Decode(c, n)
		return
	}
	code, err := parseRcode(n)
	if err != nil {
		c.Fail("%s", err)
		return
	}
	*r.to = []option.Rcode{code}
}

func (r rcodes) Encode() *yaml.Node { return r.list().Encode() }

// Shape implements [form.Value].
func (r rcodes) Shape() form.Shape {
	return form.Shape{"anyOf": []any{form.OneWord(option.RcodeNames()), r.list().Shape()}}
}

func (r rcodes) Reset() { r.list().Reset() }

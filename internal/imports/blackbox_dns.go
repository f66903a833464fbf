package imports

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/option"
)

// dnsProbe is the question of a module for a DNS server.
type dnsProbe struct {
	name, kind, transport string
	overTLS, noRecursion  bool
	rcodes                []string
	// answers are expressions. Each must match a record.
	answers []string
}

// buildDNS is for modules of kind dns.
func (p *probe) buildDNS(section *yaml.Node) error {
	d := dnsProbe{kind: "ANY", transport: "udp"}
	err := p.blackbox.walk(section, p.path, func(key string, n *yaml.Node) error {
		if taken, err := p.common(key, n); taken || err != nil {
			return err
		}
		return p.dnsKey(&d, key, n)
	})
	if err != nil {
		return err
	}
	if d.overTLS {
		d.transport = "tls"
	} else {
		p.dropTLS("dns_over_tls is not set")
	}
	p.question(&d)
	p.answers(&d)
	return p.endpoint("dns", "", false)
}

func (p *probe) dnsKey(d *dnsProbe, key string, n *yaml.Node) (err error) {
	b, path := p.blackbox, p.path+"."+key
	switch key {
	case "query_name":
		d.name, err = b.word(n, path)
		if err == nil && (!questionName.MatchString(d.name) || len(d.name) > 253) {
			err = b.fail(n, path, "must be a DNS name, not %s", cut(d.name))
		}
	case "query_type":
		d.kind, err = b.word(n, path)
	case "transport_protocol":
		d.transport, err = b.word(n, path)
		if err == nil && d.transport != "udp" && d.transport != "tcp" {
			err = b.fail(n, path, "must be udp or tcp, not %s", cut(d.transport))
		}
	case "dns_over_tls":
		d.overTLS, err = b.flag(n, path)
	case "recursion_desired":
		var desired bool
		desired, err = b.flag(n, path)
		d.noRecursion = !desired
	case "query_class":
		if n.Value != "IN" {
			p.unsaid(key, n)
		}
	case "valid_rcodes":
		d.rcodes, err = b.words(n, path)
	case "validate_answer_rrs":
		return p.answerRecords(d, n, path)
	default:
		p.unsaid(key, n)
	}
	return err
}

// answerRecords takes expressions about the answers.
func (p *probe) answerRecords(d *dnsProbe, n *yaml.Node, path string) error {
	return p.blackbox.walk(n, path, func(key string, n *yaml.Node) error {
		all, err := p.blackbox.expressions(n, path+"."+key)
		switch {
		case err != nil:
			return err
		case key == "fail_if_none_matches_regexp":
			d.answers = append(d.answers, all...)
		default:
			p.unsaid("validate_answer_rrs."+key, n)
		}
		return nil
	})
}

// question makes the keys of dns.
func (p *probe) question(d *dnsProbe) {
	keys := newBlock()
	if d.name == "" {
		p.note("The module has no query_name: the prober asks for the root servers.")
	} else {
		keys.text("name", d.name)
		kind := option.RecordType(strings.ToUpper(d.kind))
		if !slices.Contains(option.RecordTypes(), kind) {
			keys.note("There is no counterpart for query_type: %s.", cut(d.kind))
			kind = "A"
		}
		keys.plain("type", string(kind))
	}
	if d.transport != "udp" {
		keys.plain("transport", d.transport)
	}
	if d.noRecursion {
		keys.plain("recursion", "false")
	}
	p.target.sections = append(p.target.sections, &entry{key: "dns", below: keys})
}

// answers makes the keys of expect.
func (p *probe) answers(d *dnsProbe) {
	var codes []string
	for _, code := range d.rcodes {
		if _, ok := option.ParseRcode(strings.ToUpper(code)); !ok {
			p.note("valid_rcodes: there is no counterpart for %s.", cut(code))
			continue
		}
		if code = strings.ToUpper(code); !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	if len(codes) > 0 {
		p.expect.plainList("rcode", codes...)
	}
	if len(codes) > 0 && !slices.Contains(codes, "NOERROR") {
		return
	}
	if len(d.answers) == 0 {
		p.expect.section("answers").plain("count", "0").beside = "blackbox_exporter takes an answer without records, too"
		return
	}
	p.expect.note("blackbox_exporter matches an expression against a whole record with its name, TTL and class; the prober matches it against what dig +short prints. Adapt it and remove the # below.")
	answers := p.expect.off("answers")
	for _, e := range d.answers {
		answers.text("regexp", e)
	}
}

package imports

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// httpAnswer takes the keys about the answer.
func (p *probe) httpAnswer(h *httpProbe, key string, n *yaml.Node) (taken bool, err error) {
	b, path := p.blackbox, p.path+"."+key
	switch key {
	case "valid_status_codes":
		var all []string
		all, err = b.words(n, path)
		for i, code := range all {
			status, invalid := strconv.Atoi(code)
			if invalid != nil || status < 100 || status > 599 {
				return true, b.fail(behindAlias(n.Content[i]), fmt.Sprintf("%s[%d]", path, i), "must be a status from 100 to 599, not %s", cut(code))
			}
			if code = strconv.Itoa(status); !slices.Contains(h.statuses, code) {
				h.statuses = append(h.statuses, code)
			}
		}
	case "valid_http_versions":
		h.versions, err = b.words(n, path)
	case "fail_if_body_not_matches_regexp":
		h.mustMatch, err = b.expressions(n, path)
	case "fail_if_header_not_matches":
		return true, p.headerPatterns(h, n, path)
	case "body_size_limit":
		h.bodyLimit, err = b.word(n, path)
	default:
		return false, nil
	}
	return true, err
}

// headerPatterns takes a list of {header, regexp, allow_missing}.
func (p *probe) headerPatterns(h *httpProbe, n *yaml.Node, path string) error {
	b := p.blackbox
	if n.Kind != yaml.SequenceNode {
		return b.fail(n, path, "must be a list")
	}
	for i, item := range n.Content {
		var name, pattern string
		missing := false
		place := fmt.Sprintf("%s[%d]", path, i)
		err := b.walk(item, place, func(key string, n *yaml.Node) (err error) {
			switch key {
			case "header":
				name, err = b.word(n, place+".header")
			case "regexp":
				pattern, err = b.word(n, place+".regexp")
			case "allow_missing":
				missing, err = b.flag(n, place+".allow_missing")
			}
			return err
		})
		if err != nil {
			return err
		}
		_, invalid := regexp.Compile(pattern)
		switch {
		case name == "" || !isToken(name):
			return b.fail(item, place+".header", "must be the name of a header")
		case invalid != nil:
			return b.fail(item, place+".regexp", "is not a regular expression of RE2: %s", cut(pattern))
		case missing || slices.Contains(h.headerPatterns, strings.ToLower(name)):
			p.note("fail_if_header_not_matches for %s: %s is left out: a header must be present, and can have one expression only.", cut(name), cut(pattern))
		default:
			h.headerPatterns = append(h.headerPatterns, strings.ToLower(name))
			p.expect.section("headers").text(quote(name), pattern)
		}
	}
	return nil
}

// settleAnswer makes the keys of expect.
func (p *probe) settleAnswer(h *httpProbe) {
	if len(h.statuses) == 0 {
		h.statuses = []string{"200-299"}
	}
	headers := p.expect.entries
	p.expect.entries = nil
	p.expect.plainList("status", h.statuses...)
	p.expect.entries = append(p.expect.entries, headers...)
	p.bodyPatterns(h)
	p.expectVersion(h)
	p.bodyLimit(h)
}

// bodyPatterns has room for one expression, and for one text that the body must contain.
func (p *probe) bodyPatterns(h *httpProbe) {
	for _, pattern := range h.mustMatch {
		text, isText := regexp.MustCompile(pattern).LiteralPrefix()
		body := p.expect.section("body")
		switch {
		case pattern == "":
		case p.request.method == "HEAD":
			p.note("fail_if_body_not_matches_regexp: %s is left out: the answer to HEAD has no body.", cut(pattern))
		case isText && !body.has("contains"):
			body.text("contains", text)
			h.hasBodyCondition = true
		case !body.has("regexp"):
			body.text("regexp", pattern)
			h.hasBodyCondition = true
		default:
			p.note("fail_if_body_not_matches_regexp: %s is left out: there is room for one expression and one text.", cut(pattern))
		}
	}
}

func (p *probe) expectVersion(h *httpProbe) {
	if len(h.versions) == 0 {
		return
	}
	known := map[string]string{"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2": "2", "HTTP/2.0": "2", "HTTP/3": "3", "HTTP/3.0": "3"}
	version := known[h.versions[0]]
	spoken := ""
	for _, e := range p.target.connection.entries {
		if e.key == "http_version" {
			spoken = strings.Trim(e.value, `"`)
		}
	}
	fits := map[string][]string{"": {"1.0", "1.1", "2"}, "1.1": {"1.0", "1.1"}, "3": {"3"}}[spoken]
	if len(h.versions) > 1 || version == "" || !slices.Contains(fits, version) {
		p.note("valid_http_versions: %s is left out: only one version can be expected, and the prober must speak it.", cut(strings.Join(h.versions, ", ")))
		return
	}
	p.expect.text("http_version", version)
}

var sizeText = regexp.MustCompile(`^([0-9]+) ?([KMG]?)i?B?$`)

// bodyLimit takes a size. Its units are powers of 1024, with or without an i.
func (p *probe) bodyLimit(h *httpProbe) {
	if h.bodyLimit == "" || h.bodyLimit == "0" {
		return
	}
	m := sizeText.FindStringSubmatch(h.bodyLimit)
	if m == nil {
		p.note("body_size_limit: %s is left out.", cut(h.bodyLimit))
		return
	}
	shift := map[string]int{"": 0, "K": 10, "M": 20, "G": 30}[m[2]]
	n, err := strconv.ParseInt(m[1], 10, 64)
	most := int64(1 << 30)
	if h.hasBodyCondition {
		most = 8 << 20 // the prober keeps a body that it examines
	}
	if err != nil || n <= 0 || n > most>>shift {
		p.note("body_size_limit: %s is left out: it must be 1 byte to 1 GiB, or to 8 MiB if the body is checked.", cut(h.bodyLimit))
		return
	}
	unit := map[string]string{"": "", "K": "KiB", "M": "MiB", "G": "GiB"}[m[2]]
	p.expect.plain("max_body_size", strconv.FormatInt(n, 10)+unit)
}

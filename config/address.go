package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/policy"
)

// RedactedURL returns scheme, host and path of u, for labels, logs and pages:
// never its userinfo, query or fragment. It returns "" for nil.
func RedactedURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// targetURL returns the value for the URL of a target of any kind.
func targetURL(to **url.URL) form.Value {
	return shownURL(to, parseTargetURL, func() form.Shape { return urlShape(urlSchemes()...) })
}

// webURL returns the value for a URL of an HTTP server.
func webURL(to **url.URL) form.Value {
	parse := func(raw string) (*url.URL, error) { return parseURL(raw, "http://", "https://") }
	return shownURL(to, parse, func() form.Shape { return urlShape("http://", "https://") })
}

// urlShape returns the shape of a URL with one of the beginnings, in upper or
// lower case.
func urlShape(beginnings ...string) form.Shape {
	anyCase := regexp.MustCompile("[a-z]").ReplaceAllStringFunc(strings.Join(beginnings, "|"), func(letter string) string {
		return "[" + letter + strings.ToUpper(letter) + "]"
	})
	pattern := regexp.MustCompile("^(" + anyCase + ")[^#]+$")
	return form.TextLike(pattern, "must be a URL that begins with "+form.Alternatives(beginnings)+", without a fragment").With("type", "string")
}

// shownURL returns the value for a URL. It shows the URL without its query.
func shownURL(to **url.URL, parseText func(string) (*url.URL, error), written func() form.Shape) form.Value {
	parse := func(n *yaml.Node) (*url.URL, error) { return parseText(n.Value) }
	return form.Scalar[*url.URL]{To: to, Parse: parse, Written: written, Format: func(u *url.URL) *yaml.Node {
		s := RedactedURL(u)
		if u.RawQuery != "" {
			s += "?" + form.Redaction
		} else if u.ForceQuery {
			s += "?"
		}
		return form.TextNode(s)
	}}
}

var errUserinfo = errors.New("must not contain a user name or password: URLs end up in labels, logs and pages")

// parseURL keeps every part of raw out of its errors: a misplaced / or : moves
// a password into the port or the path.
func parseURL(raw string, schemes ...string) (*url.URL, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	if !slices.Contains(schemes, strings.ToLower(scheme)+"://") {
		return nil, fmt.Errorf("must begin with %s", form.Alternatives(schemes))
	}
	// The authority is cut out by hand before net/url sees the text: a password in the
	// wrong place would make net/url fail, and its errors repeat the text.
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }) || !policy.IsASCII(rest[len(authority):]) {
		return nil, errors.New("contains a space, control or non-ASCII character; percent-encode it")
	}
	if strings.Contains(authority, "@") {
		return nil, errUserinfo
	}
	if strings.Contains(rest, "#") {
		return nil, errors.New("must not contain a fragment (#): it is never sent")
	}
	// The conversion comes before the checks: no letter beyond ASCII can turn into a slash
	// or an @ after them.
	host, err := asciiHost(authority)
	if err != nil {
		return nil, err
	}
	if err := checkHostPort(host); err != nil {
		return nil, err
	}
	u, err := url.Parse(scheme + "://" + host + rest[len(authority):])
	if err != nil {
		return nil, errors.New("is not a valid URL: check the percent-encoding")
	}
	if u.RawPath != u.EscapedPath() {
		// Otherwise two URLs that are sent alike would not be equal, and a reload would
		// take the target for a changed one.
		u.RawPath = "" // the prober does not send it
	}
	return u, nil
}

// hostText returns the value for a host. It turns letters beyond ASCII into
// their xn-- form.
func hostText(to *string, check func(string) error) form.Value {
	parse := func(n *yaml.Node) (string, error) { return parseHost(n.Value, check) }
	return form.Scalar[string]{To: to, Parse: parse, Format: form.TextNode, Written: form.SomeText}
}

func parseHost(s string, check func(string) error) (string, error) {
	host, err := asciiHost(s)
	if err != nil {
		return "", err
	}
	return host, check(host)
}

// asciiHost turns a host, perhaps with a port, into the form for DNS and HTTP.
func asciiHost(s string) (string, error) {
	end := len(s)
	if colon := strings.LastIndexByte(s, ':'); colon >= 0 && policy.IsASCII(s[colon:]) {
		end = colon
	}
	host, err := policy.ASCII(s[:end])
	return host + s[end:], err
}

func checkRequestHost(s string) error {
	if strings.ContainsAny(s, "/?#@") {
		return errors.New("must be a host name or address, perhaps with a port, and not a URL")
	}
	return checkHostPort(s)
}

// checkHostPort accepts a host name or an address, perhaps with a port: RFC
// 3986, section 3.2. An IPv6 address needs brackets.
func checkHostPort(s string) error {
	host, port, hasPort := s, "", false
	if i := strings.LastIndexByte(s, ':'); i > strings.LastIndexByte(s, ']') {
		host, port, hasPort = s[:i], s[i+1:], true
	}
	if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
		return errors.New("the port must be a number from 1 to 65535; an IPv6 address needs brackets")
	}
	literal, isLiteral := strings.CutPrefix(host, "[")
	if !isLiteral {
		return checkHost(host)
	}
	literal, closed := strings.CutSuffix(literal, "]")
	addr, err := netip.ParseAddr(strings.Replace(literal, "%25", "%", 1))
	if !closed || err != nil || !addr.Is6() {
		return errors.New("has no valid IPv6 address between its brackets")
	}
	return nil
}

// checkHost accepts a host name or an IPv4 address. Names may contain _: DNS
// allows it, although host names do not.
func checkHost(host string) error {
	if host == "" {
		return errors.New("the host is missing")
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		odd := strings.ContainsFunc(label, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
		})
		if odd || label == "" || len(label) > 63 || len(host) > 254 || strings.Trim(label, "-") != label {
			return errors.New("the host is not a valid name or address")
		}
	}
	if _, err := netip.ParseAddr(host); err != nil && policy.EndsInNumber(host) {
		return errors.New("the host is not a valid IPv4 address")
	}
	return nil
}

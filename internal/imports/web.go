package imports

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/prober/policy"
)

// address is a URL taken apart.
type address struct {
	scheme string
	host   string // with its port, if it has one
	path   string // with the query, as it is sent
	user   *url.Userinfo
}

func (a address) origin() string { return a.scheme + "://" + a.host }

// name returns the name of a target for the host.
func (a address) name() string { return targetName(withoutBrackets(a.host)) }

// withoutBrackets returns an IPv6 address in a form allowed in names.
func withoutBrackets(host string) string { return strings.NewReplacer("[", "", "]", "").Replace(host) }

// parseAddress parses a URL for HTTP. Its errors contain no part of it.
func parseAddress(raw string) (address, error) {
	raw, _, _ = strings.Cut(strings.TrimSpace(raw), "#") // a fragment is never sent
	u, err := url.Parse(escapeURL(raw))
	switch {
	case err != nil:
		return address{}, errors.New("is not a valid URL")
	case u.Host == "" || u.Hostname() == "":
		return address{}, errors.New("has no host")
	}
	a := address{scheme: strings.ToLower(u.Scheme), host: strings.ToLower(u.Host), user: u.User}
	if _, err := netip.ParseAddrPort(a.host); err != nil && u.Port() == "" {
		a.host = strings.TrimSuffix(a.host, ":")
	}
	if a.scheme == "http" && u.Port() == "80" || a.scheme == "https" && u.Port() == "443" {
		a.host = strings.TrimSuffix(a.host, ":"+u.Port())
	}
	a.path = orElse(u.EscapedPath(), "/")
	if u.RawQuery != "" || u.ForceQuery {
		a.path += "?" + u.RawQuery
	}
	return a, checkHost(u)
}

// withoutUser returns a URL for a message, without user name, password and query.
func withoutUser(raw string) string {
	if before, after, ok := strings.Cut(raw, "@"); ok {
		scheme, _, isURL := strings.Cut(before, "://")
		if raw = after; isURL {
			raw = scheme + "://" + after
		}
	}
	raw, _, _ = strings.Cut(raw, "?")
	return cut(raw)
}

// checkHost wants a name or an address, and a port if there is one.
func checkHost(u *url.URL) error {
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("has no valid port")
		}
	}
	invalid := errors.New("has no valid host")
	if strings.HasPrefix(u.Host, "[") {
		if addr, err := netip.ParseAddr(u.Hostname()); err != nil || !addr.Is6() || addr.Zone() != "" {
			return invalid
		}
		return nil
	}
	host, err := policy.ASCII(u.Hostname())
	if err != nil || len(host) > 253 {
		return invalid
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(host, "."), ".") {
		odd := strings.ContainsFunc(label, func(r rune) bool { return r >= utf8.RuneSelf || !isAlphanumeric(byte(r)) && r != '-' })
		if odd || label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return invalid
		}
	}
	if _, err := netip.ParseAddr(host); err != nil && policy.EndsInNumber(host) {
		return invalid
	}
	return nil
}

// escapeURL encodes the characters that no URL can contain: spaces, control characters and all beyond ASCII, except in
// the host.
func escapeURL(raw string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return escapePath(raw)
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		return raw
	}
	return scheme + "://" + rest[:end] + escapePath(rest[end:])
}

func escapePath(raw string) string {
	var b strings.Builder
	for _, c := range []byte(raw) {
		if c <= ' ' || c >= 0x7f {
			b.WriteByte('%')
			b.WriteString(strings.ToUpper(strconv.FormatUint(uint64(c)+0x100, 16)[1:]))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

// isText reports whether a configuration can contain s unchanged.
func isText(s string) bool { return utf8.ValidString(s) }

// duration returns seconds as a duration of the configuration, if it is from low to high.
func duration(seconds float64, low, high time.Duration) (string, bool) {
	if !(seconds >= low.Seconds() && seconds <= high.Seconds()) {
		return "", false
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Microsecond).String(), true
}

// Bounds of the configuration.
const (
	minTimeout   = time.Millisecond
	maxTimeout   = time.Hour
	maxRedirects = 20
)

// isToken reports whether s can be a method, a scheme or the name of a header.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r >= utf8.RuneSelf || !isAlphanumeric(byte(r))) && !strings.ContainsRune("!#$%&'*+-.^`|~", r)
	})
}

// checkHeader returns why the prober cannot send a header, "" if it can. Headers that the prober sets itself mean
// nothing to the target.
func checkHeader(name, value string) (why string) {
	switch strings.ToLower(name) {
	case "content-length", "transfer-encoding", "trailer", "connection", "keep-alive", "proxy-connection", "upgrade", "http2-settings", "te", "expect":
		return "is left out: the prober sets it as the request needs it"
	case "proxy-authorization":
		return "is for a proxy; see connection.proxy_username"
	}
	hasControl := strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' })
	switch {
	case !isToken(name):
		return "is left out: it is not a valid name of a header"
	case !isText(value) || hasControl || strings.ContainsRune(value, utf8.RuneError):
		return "is left out: its value has characters that no header may have"
	}
	return ""
}

// method returns the prober's form of a method, and whether it accepts the method.
func method(s string) (string, bool) {
	upper := strings.ToUpper(s)
	switch upper {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE":
		return upper, true
	case "CONNECT":
		return "", false
	}
	return s, isToken(s)
}

// codings returns the codings of a field Accept-Encoding, false if the prober cannot send them so.
func codings(field string) ([]string, bool) {
	var all []string
	for coding := range strings.SplitSeq(field, ",") {
		coding = strings.ToLower(strings.TrimSpace(coding))
		switch coding {
		case "gzip", "br", "zstd", "deflate":
			all = append(all, coding)
		default:
			return nil, false
		}
	}
	return all, len(all) > 0 && strings.Join(all, ", ") == strings.ToLower(field)
}

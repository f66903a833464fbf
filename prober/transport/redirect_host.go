package transport

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

// place names u, the destination of the redirect, in the text of a failure behind it.
func (d *redirected) place(r *probe.Result, u *url.URL) {
	failure, ok := errors.AsType[*errcode.PhaseError](r.Err)
	if !ok || len(r.HTTP.Hops) == 0 {
		return
	}
	placed := *failure
	name, mayBeSecret := d.nameOf(scratchOf(r), u)
	if mayBeSecret {
		placed.Err = &namelessError{err: failure.Err, host: strings.ToLower(u.Hostname())}
	}
	placed.Err = fmt.Errorf("after a redirect to %s: %w", name, placed.Err)
	r.Err = &placed
}

// nameOf returns what to call the host of u. A peer has named the host: the name holds only
// what a URL may hold, and nameOf cuts it. The name is left out if it could repeat a secret
// of the request, or if it could come from an answer with values to capture.
func (d *redirected) nameOf(s *scratch, u *url.URL) (name string, mayBeSecret bool) {
	const longest = 100 // bytes
	switch host := u.Host; {
	case len(d.first.Captures) > 0 && !strings.EqualFold(u.Hostname(), d.first.URL.Hostname()):
		return "a host that may be a secret", true
	case d.first.hasSent(u.Hostname(), s):
		return "a host that repeats what was sent", true
	case len(host) > longest:
		return host[:longest] + "...", false
	default:
		return host, false
	}
}

// namelessError is a failure without the name of a host in its text. Errors of the resolver
// and of certificates repeat the name of the host in words of their own, so it is struck
// out of the finished text.
type namelessError struct {
	err  error
	host string // in lower case
}

func (e *namelessError) Error() string {
	text := e.err.Error()
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // some letters have capitals of another length
		text = lower
	}
	var b strings.Builder
	for {
		at := strings.Index(lower, e.host)
		if at < 0 || e.host == "" {
			return b.String() + text
		}
		b.WriteString(text[:at] + "***")
		text, lower = text[at+len(e.host):], lower[at+len(e.host):]
	}
}

// Unwrap returns the failure.
func (e *namelessError) Unwrap() error { return e.err }

// hasSent reports whether a word of host is in the query, the fields or the content of the
// request, or a long word of theirs is in host. Whatever is in the request's own host is no
// secret.
func (cfg *Config) hasSent(host string, s *scratch) bool {
	// Words of the peer's host are few, so short ones count. The request may hold a whole
	// page of words: short ones would be found in any host.
	const word, longWord = 4, 8 // bytes
	own, host := strings.ToLower(cfg.URL.Hostname()), strings.ToLower(host)
	sent := cfg.sentText(s)
	for _, w := range words(host) {
		if len(w) >= word && strings.Contains(sent, w) && !strings.Contains(own, w) {
			return true
		}
	}
	for _, w := range words(sent) {
		if len(w) >= longWord && strings.Contains(host, w) && !strings.Contains(own, w) {
			return true
		}
	}
	return false
}

// sentText returns the possible secrets of the request, in lower case.
func (cfg *Config) sentText(s *scratch) string {
	var sent strings.Builder
	query := cfg.URL.RawQuery
	plain, _ := url.QueryUnescape(query) // if the query cannot be decoded, look at it as it is
	parts := []string{query, plain, string(cfg.Body), cfg.Proxy.Username, cfg.Proxy.Password}
	if at := cfg.Proxy.URL; at != nil {
		parts = append(parts, at.User.String())
	}
	for _, n := range s.sentValues {
		value, _ := s.values.Value(n) // a name may have none
		parts = append(parts, string(value))
	}
	for _, part := range parts {
		sent.WriteString(part + "\n")
	}
	for _, f := range cfg.Header {
		sent.WriteString(f.Value + "\n")
	}
	if cfg.Authorization != nil {
		value, _ := cfg.Authorization() // without one, none was sent
		sent.WriteString(value)
	}
	return strings.ToLower(sent.String())
}

func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

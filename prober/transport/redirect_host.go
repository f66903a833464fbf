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

// place says in the text of a failure behind a redirect to which host of u that had led.
func (j *journey) place(r *probe.Result, u *url.URL) {
	failure, ok := errors.AsType[*errcode.PhaseError](r.Err)
	if !ok || len(r.HTTP.Hops) == 0 {
		return
	}
	placed := *failure
	placed.Err = fmt.Errorf("behind a redirect to %s: %w", j.nameOf(u), failure.Err)
	r.Err = &placed
}

// nameOf returns how the host of u may be called. A peer has named it: it is made of
// what a URL may hold, and is cut. It could repeat a secret of the request, and is not
// called by its name then.
func (j *journey) nameOf(u *url.URL) string {
	const longest = 100 // bytes
	switch host := u.Host; {
	case j.home.cfg.hasSent(u.Hostname()):
		return "a host that repeats what was sent"
	case len(host) > longest:
		return host[:longest] + "..."
	default:
		return host
	}
}

// hasSent reports whether host shares a word with the query, the fields or the content
// of the request, or holds a long one of theirs. What the host of the request itself
// holds is no secret.
func (cfg *Config) hasSent(host string) bool {
	const word, longWord = 4, 8 // bytes
	own, host := strings.ToLower(cfg.URL.Hostname()), strings.ToLower(host)
	sent := cfg.sentText()
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

// sentText returns, in lower case, what of the request could be a secret.
func (cfg *Config) sentText() string {
	var sent strings.Builder
	query := cfg.URL.RawQuery
	plain, _ := url.QueryUnescape(query) // a query that cannot be decoded is looked at as it is
	parts := []string{query, plain, string(cfg.Body), cfg.Proxy.Username, cfg.Proxy.Password}
	if at := cfg.Proxy.URL; at != nil {
		parts = append(parts, at.User.String())
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

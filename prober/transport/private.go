package transport

import (
	"bytes"
	"net/url"
	"strings"

	"example.com/prober/prober/probe"
)

// Private returns what a trace must not show of the request s is about to send: credentials, the
// text put together for it, and cookies. In its answer these are the captured values and whatever
// repeats the body or the query. The trace itself finds header fields with the names of secrets.
func (s *scratch) Private() probe.Private {
	if s.call == nil {
		return probe.Private{}
	}
	cfg := s.call.cfg
	var p probe.Private
	p.Texts = append(p.Texts, s.stamp.Authorization, cfg.Proxy.Username, cfg.Proxy.Password)
	p.Texts = append(p.Texts, cfg.Proxy.Authorization())
	p.Texts = append(append(p.Texts, userinfo(cfg.URL)...), userinfo(cfg.Proxy.URL)...)
	for _, n := range s.sentValues {
		if value, ok := s.values.Value(n); ok {
			// A page may repeat a value as it is, or in the form of a link.
			text := string(value)
			p.Texts = append(p.Texts, text, url.PathEscape(text), strings.ReplaceAll(url.QueryEscape(text), "+", "%20"))
		}
	}
	_, query, _ := bytes.Cut(s.stamp.Target, []byte("?"))
	p.Said = append(valuesIn(string(query)), valuesIn(cfg.URL.RawQuery)...)
	p.Mute = s.sayBody(&p) || cfg.takesFromBody()
	if cfg.IDHeader != "" {
		p.Made = append(p.Made, cfg.IDHeader)
	}
	for i := range cfg.Captures {
		if name := cfg.Captures[i].Header; name != "" {
			p.Fields = append(p.Fields, name)
		}
	}
	return p
}

// valuesIn returns the values of the parameters in a query, as they stand there and decoded.
func valuesIn(query string) (values []string) {
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(parameter, "=")
		if !ok {
			value = name
		}
		values = append(values, value)
		if plain, err := url.QueryUnescape(value); err == nil && plain != value {
			values = append(values, plain)
		}
	}
	return values
}

// sayBody adds the body of the request to the texts an answer may repeat. It returns true if the
// body is too long to look for.
func (s *scratch) sayBody(p *probe.Private) (tooLong bool) {
	cfg := s.call.cfg
	body := cfg.Body
	if s.call.varying.Content {
		body = s.bodyText()
	}
	if len(body) > maxSecretBody {
		return true
	}
	p.Said = append(p.Said, string(body))
	return false
}

// takesFromBody reports whether something is captured from the body of the answer.
func (cfg *Config) takesFromBody() bool {
	for i := range cfg.Captures {
		if cfg.Captures[i].JSON != "" || cfg.Captures[i].Regexp != "" {
			return true
		}
	}
	return false
}

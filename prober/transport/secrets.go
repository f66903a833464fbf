package transport

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
)

// maxSecretBody is the longest body to look for in excerpts, in bytes.
const maxSecretBody = 4 << 10

// maxSaid is the longest text put together for a request to look for in excerpts, in bytes.
// Each excerpt is compared with all secrets, so more text would make a failure expensive.
// Above the bound nothing of an answer is shown.
const maxSaid = 64 << 10

// Secrets returns the confidential texts in the header of the request, and its body. If
// something is captured from an answer, nothing of the answer may be shown: nobody knows yet
// the captured value, or what else of its kind the answer holds.
func (s *scratch) Secrets() (secrets []string, ok bool) {
	if s.call == nil { // nothing was sent
		return nil, true
	}
	cfg := s.call.cfg
	if cfg.isTooLong() || s.first != nil && s.first.isTooLong() || len(cfg.Captures) > 0 {
		return nil, false
	}
	said, ok := s.said()
	if !ok {
		return nil, false
	}
	secrets = append(cfg.secrets(), s.stamp.Authorization)
	if s.first != nil { // its answer named the next server, and may have told it anything
		secrets = append(secrets, s.first.secrets()...)
	}
	secrets = append(secrets, said...)
	for i, secret := range secrets {
		// Peers may repeat a text in other capitals, as with host names. Excerpts are
		// compared in lower case.
		secrets[i] = strings.ToLower(secret)
	}
	return secrets, true
}

// isTooLong reports whether the body is too long to look for in excerpts.
func (cfg *Config) isTooLong() bool { return max(int64(len(cfg.Body)), cfg.BodySize) > maxSecretBody }

// said returns the text put together for the request, and the values captured before it or
// possibly in it, as they are and in the form of a URL. It returns false if that is too much
// to look for.
func (s *scratch) said() (all []string, ok bool) {
	_, query, _ := bytes.Cut(s.stamp.Target, []byte("?"))
	all = append(all, string(query), string(s.own))
	if s.call.varying.Content {
		if s.body.Length > maxSecretBody {
			return nil, false
		}
		all = append(all, string(s.bodyText()))
	}
	for _, f := range s.stamp.Fields {
		all = append(all, string(f.Value))
	}
	for _, n := range s.sentValues {
		if value, ok := s.values.Value(n); ok {
			all = append(all, string(value), strings.ReplaceAll(url.QueryEscape(string(value)), "+", "%20"))
		}
	}
	all = append(all, s.setCookies()...)
	size := 0
	for _, text := range all {
		size += len(text)
	}
	return all, size <= maxSaid
}

// secrets returns the confidential texts of the request, as sent and as a server decodes
// them.
func (cfg *Config) secrets() []string {
	all := append(userinfo(cfg.URL), string(cfg.Body), cfg.URL.RawQuery, cfg.Proxy.Username, cfg.Proxy.Password)
	for _, h := range cfg.Header {
		all = append(all, h.Value)
		if coded, is := strings.CutPrefix(h.Value, "Basic "); is {
			plain, _ := base64.StdEncoding.DecodeString(coded) // invalid base64 says nothing
			all = append(all, string(plain))
		}
	}
	if plain, err := url.QueryUnescape(cfg.URL.RawQuery); err == nil {
		all = append(all, plain)
	}
	all = append(all, cfg.Proxy.Authorization())
	return append(all, userinfo(cfg.Proxy.URL)...)
}

func userinfo(u *url.URL) []string {
	if u == nil || u.User == nil {
		return nil
	}
	password, _ := u.User.Password()
	return []string{u.User.String(), u.User.Username(), password}
}

package transport

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strings"
)

// maxSecretBody is how long a body may be that excerpts are held against.
const maxSecretBody = 4 << 10

// maxSaid is how much of what was put together excerpts are held against, in bytes.
const maxSaid = 64 << 10

// Secrets returns what the header of the request says in confidence, and its body. Of an
// answer from which something is captured, nothing may be shown: what that is, and what else
// of its kind the answer holds, nobody knows yet.
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
	if s.first != nil { // its answer said where to go on, and may have told that server anything
		secrets = append(secrets, s.first.secrets()...)
	}
	secrets = append(secrets, said...)
	for i, secret := range secrets {
		secrets[i] = strings.ToLower(secret)
	}
	return secrets, true
}

// isTooLong reports whether the body is too long for excerpts to be held against it.
func (cfg *Config) isTooLong() bool { return max(int64(len(cfg.Body)), cfg.BodySize) > maxSecretBody }

// said returns what was put together for the request, and the values that it may have said
// or that were captured before it, as they are and as they stand in a URL. It returns false
// where that is too much to look for.
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
	for _, n := range s.told {
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

// secrets returns what the request says that is nobody's business, as it is sent and as a
// server makes of it.
func (cfg *Config) secrets() []string {
	all := append(userinfo(cfg.URL), string(cfg.Body), cfg.URL.RawQuery, cfg.Proxy.Username, cfg.Proxy.Password)
	for _, h := range cfg.Header {
		all = append(all, h.Value)
		if coded, is := strings.CutPrefix(h.Value, "Basic "); is {
			plain, _ := base64.StdEncoding.DecodeString(coded) // what is none says nothing
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

package transport

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// maxSecretBody is how long a body may be that excerpts are held against.
const maxSecretBody = 4 << 10

// Secrets returns what the header of the request says in confidence, and its body.
func (s *scratch) Secrets() (secrets []string, ok bool) {
	if s.call == nil { // nothing was sent
		return nil, true
	}
	cfg := s.call.cfg
	if max(int64(len(cfg.Body)), cfg.BodySize) > maxSecretBody {
		return nil, false
	}
	return append(cfg.secrets(), strings.ToLower(s.stamp.Authorization)), true
}

// secrets returns, in lower case, what the request says that is nobody's business, as
// it is sent and as a server makes of it.
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
	all = append(all, userinfo(cfg.Proxy.URL)...)
	for i, secret := range all {
		all[i] = strings.ToLower(secret)
	}
	return all
}

func userinfo(u *url.URL) []string {
	if u == nil || u.User == nil {
		return nil
	}
	password, _ := u.User.Password()
	return []string{u.User.String(), u.User.Username(), password}
}

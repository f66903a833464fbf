package transport

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
)

// maxCookie is the longest line of Set-Cookie to keep, in bytes. This is what RFC 6265,
// section 6.1, asks of user agents at least. Longer ones would let a server fill the memory
// of each worker.
const maxCookie = 4 << 10

// cookieName is the name of the field Cookie; it is only read.
var cookieName = message.NewFieldName("Cookie")

func isCookie(name string) bool { return strings.EqualFold(name, cookieName.Name) }

// cookies are the cookies of one journey. They are in the scratch of a worker, since one
// worker sends all steps of a journey: two users never share a jar.
type cookies struct {
	jar *cookiejar.Jar
	at  *url.URL // of the last request, under the name its cookies belong to
}

// enter prepares the cookies for the request of r, described by cfg. The first request of a
// journey begins without any.
func (s *scratch) enter(r *probe.Result, cfg *Config) {
	if r.Request == 0 || s.jar == nil {
		// Without the list a server could set a cookie for all of co.uk, and a redirect
		// would carry it to another owner's host.
		s.jar, _ = cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // it never fails
	}
	s.at = cookieURL(s.location(cfg), cfg)
}

// cookieURL returns the URL that decides which cookies go with a request to u. If cfg gives
// the server another name, cookies belong to that name.
func cookieURL(u *url.URL, cfg *Config) *url.URL {
	if cfg.Host == "" {
		return u
	}
	at := *u
	at.Host = cfg.Host
	return &at
}

// putOwnCookies puts together the request's own cookies, without those of the jar.
func (s *scratch) putOwnCookies(fields []renderedField) error {
	start := len(s.space)
	for i := range fields {
		f := &fields[i]
		if i > 0 {
			s.space = append(s.space, "; "...)
		}
		if f.value == nil {
			s.space = append(s.space, f.fixed...)
		} else if _, err := s.putValue(f); err != nil {
			return err
		}
	}
	s.own = s.since(start)
	return nil
}

// putCookies adds the field Cookie, with the request's own cookies before those of the jar,
// and returns the number of bytes in the field.
func (s *scratch) putCookies() (size int) {
	start := len(s.space)
	s.space = append(s.space, message.TrimBlank(s.own)...)
	for _, c := range s.jar.Cookies(s.at) {
		if len(s.space) > start {
			s.space = append(s.space, "; "...)
		}
		s.space = appendCookie(s.space, c)
	}
	value := s.since(start)
	if len(value) == 0 {
		return 0
	}
	s.stamp.Fields = append(s.stamp.Fields, message.StampField{FieldName: cookieName, Value: value})
	return len(cookieName.Name) + len(value)
}

// appendCookie appends a cookie in the form it came in.
func appendCookie(p []byte, c *http.Cookie) []byte {
	p = append(append(p, c.Name...), '=')
	if !c.Quoted {
		return append(p, c.Value...)
	}
	return append(append(append(p, '"'), c.Value...), '"')
}

// proceed prepares the cookies for the request after a redirect, described by cfg.
func (s *scratch) proceed(cfg *Config) error {
	s.own = s.own[:0:0]
	for _, f := range cfg.Header {
		if isCookie(f.Name) {
			s.own = append(s.own, f.Value...) // at most one: that of a frozen request
		}
	}
	s.at = cookieURL(cfg.URL, cfg)
	s.stamp.Fields = s.stamp.Fields[:0]
	if s.putCookies() > maxRendered {
		return errRendered
	}
	return nil
}

// sentCookies returns the value of Cookie in the request.
func (s *scratch) sentCookies() []byte {
	for _, f := range s.stamp.Fields {
		if f.FieldName == cookieName {
			return f.Value
		}
	}
	return nil
}

// storeCookies puts the cookies of the response into the jar, whatever else came of it.
func (s *scratch) storeCookies() {
	var set []*http.Cookie
	for _, line := range s.setCookies() {
		if c, err := http.ParseSetCookie(line); err == nil && len(line) <= maxCookie {
			set = append(set, c)
		}
	}
	if len(set) > 0 {
		s.jar.SetCookies(s.at, set)
	}
}

// setCookies returns the kept Set-Cookie lines of the response.
func (s *scratch) setCookies() (lines []string) {
	if s.kept == nil {
		return nil
	}
	for _, f := range s.kept.Fields.Fields {
		if f.Name == setCookie {
			lines = append(lines, string(s.kept.Fields.Value(f)))
		}
	}
	return lines
}

package history

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// ParseURL returns the URL of a Prometheus for [Options.URL].
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("it must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New("it has no host")
	case u.User != nil:
		return nil, errors.New("it must not hold a user name or password, which anybody on this machine can see; --web.client-config has room for them")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("a query or a fragment has no meaning in it")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

var (
	matcher  = `[a-zA-Z_][a-zA-Z0-9_]*\s*(=~|!~|!=|=)\s*"([^"\\\n]|\\.)*"`
	matchers = regexp.MustCompile(`^\s*` + matcher + `(\s*,\s*` + matcher + `)*\s*$`)
)

// CheckMatchers returns an error if text is no valid value of [Options.Matchers].
func CheckMatchers(text string) error {
	if text != "" && !matchers.MatchString(text) {
		return errors.New("it must be matchers of PromQL without braces, such as job=\"prober\",cluster=~\"eu-.*\"")
	}
	return nil
}

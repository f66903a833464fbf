package history

import (
	"errors"
	"net/url"
	"regexp"

	"example.com/prober/web/baseurl"
)

// ParseURL returns the URL of a Prometheus for [Options.URL].
func ParseURL(text string) (*url.URL, error) {
	return baseurl.Parse(text, "it", ", because anybody on this machine can see a flag; use --web.client-config")
}

var (
	matcher  = `[a-zA-Z_][a-zA-Z0-9_]*\s*(=~|!~|!=|=)\s*"([^"\\\n]|\\.)*"`
	matchers = regexp.MustCompile(`^\s*` + matcher + `(\s*,\s*` + matcher + `)*\s*$`)
)

// CheckMatchers returns an error if text is no valid value of [Options.Matchers].
func CheckMatchers(text string) error {
	if text != "" && !matchers.MatchString(text) {
		return errors.New("it must be PromQL matchers without braces, such as job=\"prober\",cluster=~\"eu-.*\"")
	}
	return nil
}

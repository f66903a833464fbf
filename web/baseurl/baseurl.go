// Package baseurl reads the URLs of other web interfaces: of a Grafana, a Prometheus, another
// prober. [Parse] refuses whatever is no root of one, and [SameHostOnly] keeps a client from
// following a redirect to another host, with the credentials for this one.
package baseurl

import (
	"errors"
	"net/url"
	"strings"
)

// ErrNotURL is the error of [Parse] for a text with the wrong syntax.
var ErrNotURL = errors.New("it is not a URL")

// Parse returns the root of a web interface, without a slash at its end. Errors call the URL what, such as "it" or "its
// URL". noUser follows the words of the error for a user name or password, and gives the reason.
func Parse(text, what, noUser string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, ErrNotURL
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New(what + " must begin with http:// or https://")
	case u.Hostname() == "":
		return nil, errors.New(what + " has no host")
	case u.User != nil:
		return nil, errors.New(what + " must not contain a user name or password" + noUser)
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("a query or a fragment has no meaning in " + what)
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), ""
	return u, nil
}

package web

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// plainPath matches a valid prefix. It has no character with another meaning in a link or in a pattern of paths.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_.~-]+)*$`)

// Prefix returns the path of an external URL, for [Options.Prefix]: a reverse proxy shows the web interface at this
// URL. The path of an empty URL and of the root is empty.
func Prefix(externalURL string) (string, error) {
	u, err := url.Parse(externalURL)
	switch {
	case err != nil:
		return "", errors.New("it is not a URL")
	case externalURL != "" && u.Scheme != "http" && u.Scheme != "https" && !strings.HasPrefix(externalURL, "/"):
		return "", errors.New("it must begin with http://, https:// or a slash")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("credentials, a query or a fragment have no meaning in it")
	}
	prefix := strings.TrimRight(u.Path, "/")
	if !plainPath.MatchString(prefix) || prefix != "" && path.Clean(prefix) != prefix {
		return "", fmt.Errorf("its path %q must be of letters, digits and _ . ~ -", u.Path)
	}
	return prefix, nil
}

package config

import (
	"net/url"
	"slices"
)

// The keys that say what a target may dial, and what it speaks.
const (
	urlKey       = "url"
	proxyKey     = "connection.proxy_url"
	loginKey     = "request.oauth2.token_url"
	redirectsKey = "request.follow_redirects"
	versionKey   = "connection.http_version"
)

// dialled is a URL that a target may open a connection to, with the key that it
// comes from.
type dialled struct {
	key string
	// url has no host where a redirect decides on it.
	url *url.URL
}

// dials returns the URLs that t may dial: its own, its proxy's, that of its tokens, and
// where redirects may lead. Those whose keys have mistakes may be missing.
func dials(t *Target) []dialled {
	all := []dialled{{urlKey, t.URL}, {proxyKey, t.Connection.Proxy.URL}}
	if t.Request.OAuth2 != nil {
		all = append(all, dialled{loginKey, t.Request.OAuth2.TokenURL})
	}
	if t.Request.FollowRedirects > 0 {
		all = append(all, dialled{redirectsKey, &url.URL{Scheme: "https"}})
	}
	return slices.DeleteFunc(all, func(d dialled) bool { return d.url == nil })
}

// isSecured reports whether a connection to d begins with a TLS handshake.
func (d dialled) isSecured() bool { return isSecured(d.url) }

// heedsTLS reports whether a key of connection.tls holds for the server that d leads to.
// What identifies the target, or the prober to it, is not for those on the way. The
// certificate of a token endpoint is verified in any case, and no session with it is kept.
func (d dialled) heedsTLS(key string) bool {
	switch {
	case !d.isSecured():
		return false
	case key == "ca_file" || key == "min_version" || key == "max_version":
		return true
	case key == "early_data":
		return d.key == urlKey
	case key == "insecure_skip_verify" || key == "session_resumption":
		return d.key != loginKey
	default:
		return d.key == urlKey || d.key == redirectsKey
	}
}

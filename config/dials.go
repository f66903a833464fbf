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
	transportKey = "dns.transport" // whether it is dialled with TLS
	versionKey   = "connection.http_version"
)

// dialled is a URL that a target may open a connection to, with the key that it
// comes from.
type dialled struct {
	key string
	// url has no host where a redirect decides on it.
	url *url.URL
	// secured means that a connection to it begins with a TLS handshake.
	secured bool
}

// dials returns the URLs that t may dial: its own, its proxy's, that of its tokens, and
// where redirects may lead. Those whose keys have mistakes may be missing.
func dials(t *Target) []dialled {
	all := []dialled{{urlKey, t.URL, t.IsSecured()}, at(proxyKey, t.Connection.Proxy.URL)}
	if t.Request.OAuth2 != nil {
		all = append(all, at(loginKey, t.Request.OAuth2.TokenURL))
	}
	if t.Request.FollowRedirects > 0 {
		all = append(all, at(redirectsKey, &url.URL{Scheme: "https"}))
	}
	return slices.DeleteFunc(all, func(d dialled) bool { return d.url == nil })
}

// at returns what the URL at a key leads to.
func at(key string, u *url.URL) dialled { return dialled{key, u, isSecured(u)} }

// heedsTLS reports whether a key of connection.tls holds for the server that d leads to.
// What identifies the target, or the prober to it, is not for those on the way. The
// certificate of a token endpoint is verified in any case, and no session with it is kept.
func (d dialled) heedsTLS(key string) bool {
	switch {
	case !d.secured:
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

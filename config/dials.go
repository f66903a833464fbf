package config

import (
	"net/url"
	"slices"
)

// The keys that decide what a target may dial, and which protocol it speaks.
const (
	urlKey       = "url"
	proxyKey     = "connection.proxy_url"
	loginKey     = "request.oauth2.token_url"
	redirectsKey = "request.follow_redirects"
	transportKey = "dns.transport" // whether it is dialled with TLS
	versionKey   = "connection.http_version"
)

// dialled is a URL to which a target may open a connection, with the key of the URL.
type dialled struct {
	key string
	// url has no host if a redirect decides it.
	url *url.URL
	// secured means: a connection to the URL begins with a TLS handshake.
	secured bool
}

// dials returns the URLs that t may dial: its own, its proxy's, the URL for its tokens, and the targets of
// redirects. URLs may be missing if their keys have mistakes. All rules about hosts, TLS and families ask this
// function, so none of them forgets one of the ways.
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

// at returns the URL of a key in the form of dials.
func at(key string, u *url.URL) dialled { return dialled{key, u, isSecured(u)} }

// heedsTLS reports whether a key of connection.tls holds for the server of d. Keys that identify the target, or the
// prober to it, do not hold for servers on the way. The certificate of a token endpoint is always verified, and no
// session with it is kept.
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

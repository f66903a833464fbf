package config

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
)

// maxSocksText bounds a user name and a password in bytes.
const maxSocksText = 255

func proxyURL(to **url.URL) form.Value {
	parse := func(n *yaml.Node) (*url.URL, error) { return parseProxyURL(n.Value) }
	format := func(u *url.URL) *yaml.Node { return form.TextNode(RedactedURL(u)) }
	return form.Scalar[*url.URL]{To: to, Parse: parse, Format: format, Written: func() form.Shape { return urlShape("http://", "https://", "socks5://", "socks5h://") }}
}

// parseProxyURL fills in the port.
func parseProxyURL(raw string) (*url.URL, error) {
	ports := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	u, err := parseURL(raw, "http://", "https://", "socks5://", "socks5h://")
	switch {
	case errors.Is(err, errUserinfo):
		return nil, errors.New("must not contain a user name or password: use the keys proxy_username and proxy_password_file")
	case err != nil:
		return nil, err
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery:
		return nil, errors.New("must end after the host and its port")
	}
	host := u.Host
	if u.Port() == "" {
		host += ":" + ports[u.Scheme]
	}
	return &url.URL{Scheme: u.Scheme, Host: host}, nil
}

// checkNoProxy accepts one entry of a list in the form of the variable
// NO_PROXY.
func checkNoProxy(s string) error {
	if _, err := netip.ParsePrefix(s); err == nil {
		_, err := parsePrefix(form.PlainNode(s))
		return err
	}
	if _, err := netip.ParseAddr(s); err == nil || s == "*" {
		return nil
	}
	domain, isDomain := strings.CutPrefix(strings.TrimPrefix(s, "*"), ".")
	if err := checkHostPort(domain); err != nil || !isDomain && strings.HasPrefix(s, "*") {
		return errors.New("must be a host, a network, .name or *.name for all names below a name, or * for everything")
	}
	return nil
}

func (p Proxy) isSOCKS() bool { return p.URL.Scheme == "socks5" || p.URL.Scheme == "socks5h" }

// checkProxy lets a target without a proxy inherit settings of a proxy, but not
// set them itself.
func (s checks) checkProxy(t *Target) {
	const at, username, password, list = "connection.proxy_url", "connection.proxy_username",
		"connection.proxy_password_file", "connection.no_proxy"
	p := &t.Connection.Proxy
	if !s.IsSet(at) {
		for _, path := range []string{username, password, list} {
			if s.IsOwn(path) {
				s.Conflict("has no meaning without connection.proxy_url", path)
			}
		}
		// Otherwise a target without a proxy would differ from an equal one.
		*p = Proxy{}
		return
	}
	if s.IsSet(password) && !s.IsSet(username) {
		s.Conflict("needs connection.proxy_username too", password)
	}
	if s.IsSet("connection.resolve") && len(t.Connection.Resolve) > 0 {
		s.Conflict("cannot have both resolve and proxy_url: a proxy resolves the name itself", "connection.resolve", at)
	}
	if s.Sound(at) && p.isSOCKS() {
		s.checkSOCKS(*p)
	}
}

// checkSOCKS follows RFC 1929, section 2: user name and password are both
// there, and have 1 to 255 bytes.
func (s checks) checkSOCKS(p Proxy) {
	const username, password = "connection.proxy_username", "connection.proxy_password_file"
	if s.IsSet(username) && !s.IsSet(password) {
		s.Conflict("needs connection.proxy_password_file too: SOCKS5 has no empty password", username)
	}
	if len(p.Username) > maxSocksText {
		s.Conflict("SOCKS5 allows no more than 255 bytes", username)
	}
	if len(p.Password) > maxSocksText {
		s.Conflict("SOCKS5 allows no more than 255 bytes", password)
	}
}

package config

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxSocksText bounds a user name and a password in bytes.
const maxSocksText = 255

func proxyURL(to **url.URL) value {
	parse := func(n *yaml.Node) (*url.URL, error) { return parseProxyURL(n.Value) }
	return scalar[*url.URL]{to: to, parse: parse, format: func(u *url.URL) *yaml.Node { return textNode(RedactedURL(u)) }}
}

// parseProxyURL fills in the port.
func parseProxyURL(raw string) (*url.URL, error) {
	ports := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	u, err := parseURL(raw, "http://", "https://", "socks5://", "socks5h://")
	switch {
	case errors.Is(err, errUserinfo):
		return nil, errors.New("must not hold a user name or password: they have keys of their own, proxy_username and proxy_password_file")
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

// checkNoProxy wants one entry of a list as the variable NO_PROXY has it.
func checkNoProxy(s string) error {
	if _, err := netip.ParsePrefix(s); err == nil {
		_, err := parsePrefix(plainNode(s))
		return err
	}
	if _, err := netip.ParseAddr(s); err == nil || s == "*" {
		return nil
	}
	domain, isDomain := strings.CutPrefix(strings.TrimPrefix(s, "*"), ".")
	if err := checkHostPort(domain); err != nil || !isDomain && strings.HasPrefix(s, "*") {
		return errors.New("must be a host, a network, .name or *.name for all below a name, or * for everything")
	}
	return nil
}

func (p Proxy) isSOCKS() bool { return p.URL.Scheme == "socks5" || p.URL.Scheme == "socks5h" }

// checkProxy lets a target without a proxy inherit what belongs to one but not
// have it itself.
func (s checks) checkProxy(t *Target) {
	const at, username, password, list = "connection.proxy_url", "connection.proxy_username",
		"connection.proxy_password_file", "connection.no_proxy"
	p := &t.Connection.Proxy
	if !s.isSet(at) {
		for _, path := range []string{username, password, list} {
			if s.isOwn(path) {
				s.conflict("has no meaning without connection.proxy_url", path)
			}
		}
		*p = Proxy{}
		return
	}
	if s.isSet(password) && !s.isSet(username) {
		s.conflict("needs connection.proxy_username too", password)
	}
	if s.isSet("connection.resolve") && len(t.Connection.Resolve) > 0 {
		s.conflict("a proxy resolves the name itself: resolve and proxy_url exclude each other", "connection.resolve", at)
	}
	if s.sound(at) && p.isSOCKS() {
		s.checkSOCKS(*p)
	}
}

// checkSOCKS follows RFC 1929, section 2: both are there, and have 1 to 255 bytes.
func (s checks) checkSOCKS(p Proxy) {
	const username, password = "connection.proxy_username", "connection.proxy_password_file"
	if s.isSet(username) && !s.isSet(password) {
		s.conflict("needs connection.proxy_password_file too: SOCKS5 has no empty password", username)
	}
	if len(p.Username) > maxSocksText {
		s.conflict("SOCKS5 allows no more than 255 bytes", username)
	}
	if len(p.Password) > maxSocksText {
		s.conflict("SOCKS5 allows no more than 255 bytes", password)
	}
}

package imports

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// buildConnection makes the keys of connection. Keys that a check of the configuration would refuse for this URL become
// notes.
func (c *curlRequest) buildConnection() {
	c.connection = newBlock()
	c.buildProxy()
	c.buildVersion()
	if seconds := c.run.connect; seconds > 0 {
		if timeout, ok := duration(seconds, minTimeout, maxTimeout); ok {
			c.connection.plain("connect_timeout", timeout)
		} else {
			c.note("--connect-timeout is left out: it must be 1 ms to 1 hour.")
		}
	}
	c.buildAddresses()
	c.buildTLS()
}

func (c *curlRequest) buildVersion() {
	isHTTPS := c.at.scheme == "https"
	proxy := c.connection.has("proxy_url")
	switch c.run.version {
	case "":
	case "http1.1":
		c.connection.text("http_version", "1.1")
	case "http2":
		if isHTTPS {
			c.connection.plain("http_version", "auto").beside = "HTTP/2 if the server chooses it, as with curl; 2 requires it"
			return
		}
		c.note("--http2 asks an http URL for an upgrade, which has no counterpart; connection.http_version: h2c speaks HTTP/2 at once.")
	case "http2-prior-knowledge":
		switch {
		case isHTTPS:
			c.connection.plain("http_version", "2")
		case proxy && !c.isSOCKS():
			c.note("--http2-prior-knowledge is left out: h2c cannot go through an HTTP proxy.")
		default:
			c.connection.plain("http_version", "h2c")
		}
	default: // http3, http3-only
		if !isHTTPS || proxy || c.run.maxTLS != "" {
			c.note("--%s is left out: HTTP/3 needs an https URL, TLS 1.3 and no proxy.", c.run.version)
			return
		}
		version := c.connection.plain("http_version", "3")
		if c.run.version == "http3" {
			version.beside = "curl falls back to other versions, the prober does not"
		}
	}
}

func (c *curlRequest) isSOCKS() bool {
	return strings.HasPrefix(strings.ToLower(c.run.proxy), "socks5")
}

// buildProxy takes the proxy as curl does: HTTP on port 1080 by default.
func (c *curlRequest) buildProxy() {
	if c.run.proxy == "" {
		return
	}
	proxy, given, ok := parseProxy(c.run.proxy, "1080")
	if !ok {
		c.note("The proxy is left out: it must be a URL that begins with http, https, socks5 or socks5h.")
		return
	}
	c.proxyHost = trimScheme(proxy)
	c.connection.text("proxy_url", proxy)
	if user, password, _ := strings.Cut(c.run.proxyUser, ":"); user != "" {
		given = &login{user: user, secret: password, isNone: password == ""}
	}
	var why string
	if c.proxyLogin, why = proxyLogin(given, proxy); why != "" {
		c.note("%s", why)
	}
	if list, ok := noProxy(c.run.noProxy); ok {
		c.connection.list("no_proxy", list...)
	} else if c.run.noProxy != "" {
		c.note("--noproxy %s is left out.", cut(c.run.noProxy))
	}
}

// parseProxy takes the URL of a proxy. The default scheme is http, and the default port is port. If port is "", the
// configuration's default for the scheme applies.
func parseProxy(raw, port string) (proxy string, user *login, ok bool) {
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) || u.Hostname() == "" || checkHost(u) != nil {
		return "", nil, false
	}
	host := u.Host
	if u.Port() == "" {
		if host = strings.TrimSuffix(host, ":"); port != "" {
			host += ":" + port
		}
	}
	if u.User != nil && u.User.Username() != "" {
		password, _ := u.User.Password()
		user = &login{user: u.User.Username(), secret: password, isNone: password == ""}
	}
	return u.Scheme + "://" + host, user, true
}

// proxyLogin returns the login at a proxy if the configuration can express it. Otherwise why says what is wrong.
func proxyLogin(l *login, proxy string) (ok *login, why string) {
	switch {
	case l == nil:
		return nil, ""
	case !isVisible(l.user) || !isVisible(l.secret) || l.user == "" || strings.Contains(l.user, ":"):
		return nil, "The user name and password for the proxy are left out: they cannot be sent."
	case strings.HasPrefix(proxy, "socks5") && l.isNone:
		return nil, "The user name for the proxy is left out: SOCKS5 has no empty password."
	}
	return l, ""
}

// buildAddresses makes the keys about addresses.
func (c *curlRequest) buildAddresses() {
	if c.run.ip != "" {
		if addr, err := netip.ParseAddr(c.dialled()); err == nil && addr.Is4() != (c.run.ip == "4") {
			c.note("-%s is left out: the address to connect to has the other IP version.", c.run.ip)
		} else {
			c.connection.text("ip_version", c.run.ip)
		}
	}
	for _, entry := range c.run.resolve {
		c.addResolve(entry)
	}
	if server := c.run.dns; server != "" {
		addr, err := netip.ParseAddr(server)
		port, errPort := netip.ParseAddrPort(server)
		if (err != nil || !isHostAddress(addr)) && (errPort != nil || !isHostAddress(port.Addr())) || c.connection.has("resolve") {
			c.note("--dns-servers %s is left out: it must be one address, and cannot be combined with --resolve.", cut(server))
		} else {
			c.connection.text("dns_server", server)
		}
	}
	if source := c.run.source; source != "" {
		c.addSource(source)
	}
}

// addSource takes an address of this machine, if it is certain to fit the addresses to dial.
func (c *curlRequest) addSource(source string) {
	addr, err := netip.ParseAddr(strings.TrimPrefix(source, "host!"))
	_, dialsAddress := netip.ParseAddr(c.dialled())
	switch {
	case err != nil || !isHostAddress(addr):
		c.note("--interface %s is left out: only an address can be given.", cut(source))
	case dialsAddress == nil || c.run.ip != "" || c.connection.has("resolve"):
		c.note("--interface %s is left out: write it under connection.source_address, if it has the IP version of the connection.", cut(source))
	default:
		c.connection.text("source_address", addr.String())
	}
}

// dialled returns the host of the connections: the proxy's host, if there is a proxy.
func (c *curlRequest) dialled() string {
	if c.proxyHost != "" {
		return hostOf(c.proxyHost)
	}
	return hostOf(c.at.host)
}

// hostOf returns a host without its port and its brackets.
func hostOf(host string) string { return (&url.URL{Host: host}).Hostname() }

func isHostAddress(a netip.Addr) bool {
	return a.IsValid() && !a.Is4In6() && !a.IsUnspecified() && !a.IsMulticast() && !a.IsLinkLocalUnicast() && a.Zone() == ""
}

// addResolve takes HOST:PORT:ADDRESS[,ADDRESS].
func (c *curlRequest) addResolve(entry string) {
	parts := strings.SplitN(strings.TrimPrefix(entry, "+"), ":", 3)
	port := map[string]string{"http": "80", "https": "443"}[c.at.scheme]
	if u := (&url.URL{Host: c.at.host}); u.Port() != "" {
		port = u.Port()
	}
	if len(parts) < 3 || parts[0] != "*" && !strings.EqualFold(parts[0], hostOf(c.at.host)) || parts[1] != port {
		c.note("--resolve %s is left out: it is for another host or port.", cut(entry))
		return
	}
	var addrs []string
	for text := range strings.SplitSeq(parts[2], ",") {
		addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil || !isHostAddress(addr) || c.run.ip == "4" && !addr.Is4() || c.run.ip == "6" && !addr.Is6() || slices.Contains(addrs, addr.String()) {
			c.note("An address of --resolve is left out.")
			continue
		}
		addrs = append(addrs, addr.String())
	}
	switch {
	case c.connection.has("proxy_url"):
		c.note("--resolve is left out: a proxy looks names up itself.")
	case len(addrs) > 0 && !c.connection.has("resolve"):
		c.connection.list("resolve", addrs...)
	}
}

// buildTLS makes the keys of TLS. They mean nothing to an http URL.
func (c *curlRequest) buildTLS() {
	r, tls := c.run, newBlock()
	if r.insecure {
		tls.plain("insecure_skip_verify", "true")
	}
	low, high := r.minTLS, r.maxTLS
	if high == "default" {
		high = ""
	}
	switch {
	case high != "" && !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3"}, high):
		c.note("--tls-max %s is left out.", cut(high))
		high = ""
	case high != "" && low == "":
		low = min(high, "1.2")
	case high != "" && low > high:
		c.note("--tlsv%s is left out: it is above --tls-max.", low)
		low = min(high, "1.2")
	}
	if low != "" {
		tls.text("min_version", low)
	}
	if high != "" {
		tls.text("max_version", high)
	}
	if r.caFile != "" {
		renderFile(tls, "ca_file", r.caFile, c.options.Exists)
	}
	c.buildPair(tls)
	if tls.isEmpty() {
		return
	}
	if c.at.scheme != "https" && c.made.redirects == 0 {
		c.note("The options about TLS are left out: the URL is http, and no redirect is followed.")
		return
	}
	c.connection.add(&entry{key: "tls", below: tls})
}

// buildPair takes the client certificate. Its key may be in the same file.
func (c *curlRequest) buildPair(tls *block) {
	if c.run.cert == "" {
		if c.run.key != "" {
			c.note("--key is left out: it needs --cert.")
		}
		return
	}
	cert, _, hasPassword := strings.Cut(c.run.cert, ":")
	if hasPassword {
		c.note("The password of the client certificate is left out: the prober reads keys that are not encrypted.")
	}
	key := orElse(c.run.key, cert)
	exists := func(path string) bool { return c.options.Exists != nil && c.options.Exists(path) }
	if exists(cert) && exists(key) {
		tls.text("cert_file", cert)
		tls.text("key_file", key)
		return
	}
	tls.note("There are no files %s and %s here. If they exist, remove the # below.", cut(cert), strconv.Quote(key))
	tls.add(&entry{key: "cert_file", value: quote(cert), off: true})
	tls.add(&entry{key: "key_file", value: quote(key), off: true})
}

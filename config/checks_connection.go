package config

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"slices"

	"example.com/prober/option"
)

func (s checks) checkReuse(c *Connection) {
	const count, reuse = "connection.requests_per_connection", "connection.reuse"
	if c.Reuse != ReuseNever || !s.IsSet(count) {
		return
	}
	// Two settings in one mapping contradict each other, wherever the mapping is. A setting of the defaults is
	// overridden by a target that says reuse: never.
	if s.IsOwn(count) || s.AreTogether(count, reuse) {
		s.Conflict("has no meaning with reuse: never", count)
	}
	c.RequestsPerConnection = 0
}

// checkVersion follows RFC 9113, section 3: over TLS, HTTP/2 is negotiated. In clear text, the prober must know
// beforehand that the target speaks it.
func (s checks) checkVersion(t *Target) {
	const version, at, proxy = versionKey, urlKey, proxyKey
	if s.IsSet(version) && !s.Sound(version) || !s.Sound(at) {
		return
	}
	isHTTPS := t.URL.Scheme == "https"
	switch t.Connection.HTTPVersion {
	case option.OnlyHTTP2:
		if !isHTTPS {
			s.Conflict("HTTP/2 is for https URLs; over http it is called h2c", version, at)
		}
	case option.H2C:
		if isHTTPS {
			s.Conflict("h2c is for http URLs; over https it is called 2", version, at)
		}
		if s.Sound(proxy) && !t.Connection.Proxy.isSOCKS() {
			s.Conflict("h2c cannot go through an HTTP proxy; use a SOCKS5 proxy", version, proxy)
		}
	case option.OnlyHTTP3:
		s.checkHTTP3(t)
	}
}

// checkHTTP3 requires what QUIC needs: TLS 1.3, and no proxy, because no supported proxy forwards datagrams.
func (s checks) checkHTTP3(t *Target) {
	const highest = "connection.tls.max_version"
	if t.URL.Scheme != "https" {
		s.Conflict("HTTP/3 is for https URLs", versionKey, urlKey)
	}
	if s.Sound(proxyKey) {
		s.Conflict("HTTP/3 cannot go through a proxy: no supported kind of proxy carries UDP", versionKey, proxyKey)
	}
	if s.Sound(highest) && t.Connection.TLS.MaxVersion < tls.VersionTLS13 {
		s.Conflict("HTTP/3 needs TLS 1.3, which connection.tls.max_version excludes", versionKey, highest)
	}
}

// checkEarlyData lets a target inherit early data without using it, but not set it without using it. Others can replay
// early data, so the request must change nothing.
func (s checks) checkEarlyData(t *Target) {
	const early, resumption, method = "connection.tls.early_data", "connection.tls.session_resumption", "request.method"
	c := &t.Connection
	if !c.TLS.EarlyData {
		return
	}
	safe := []string{"", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}
	switch {
	case c.HTTPVersion != option.OnlyHTTP3 && s.IsOwn(early):
		s.Conflict("has no meaning without connection.http_version: 3", early)
	case c.HTTPVersion != option.OnlyHTTP3:
		c.TLS.EarlyData = false
		s.Forget(early)
	case !c.TLS.SessionResumption:
		s.Conflict("early_data needs session_resumption: true, because only a resumed session has early data", early, resumption)
	case s.Sound(method) && !slices.Contains(safe, t.Request.Method):
		s.Conflict("early_data is for GET, HEAD, OPTIONS and TRACE only: an attacker can record early data and send it again", early, method)
	}
}

// checkFamily finds connections that can never be made, because no address is of the requested family.
func (s checks) checkFamily(t *Target) {
	const version, source = "connection.ip_version", "connection.source_address"
	c, family := t.Connection, 0
	if s.Sound(version) {
		family = wantedFamily(c.IPVersion)
	}
	if s.Sound(source) {
		own := familyOf(c.SourceAddress)
		if family != 0 && family != own {
			s.Conflict("source_address must have the IP version that ip_version asks for", source, version)
			return
		}
		family = own
	}
	fits := func(a netip.Addr) bool { return family == 0 || familyOf(a) == family }
	for _, fixed := range s.fixedAddresses(t) {
		if !slices.ContainsFunc(fixed.addrs, fits) {
			s.Conflict(fmt.Sprintf("there is no IPv%d address to connect to, but ip_version or source_address needs one", family), fixed.key, version, source)
		}
	}
}

// fixedAddrs are the addresses of a host that is dialled without DNS, at least one, and the key they come from.
type fixedAddrs struct {
	key   string
	addrs []netip.Addr
}

// fixedAddresses returns the fixed addresses that t dials. With a proxy, the prober dials only the proxy.
func (s checks) fixedAddresses(t *Target) (all []fixedAddrs) {
	const resolve = "connection.resolve"
	given := s.Sound(resolve) && len(t.Connection.Resolve) > 0
	if given {
		all = append(all, fixedAddrs{resolve, t.Connection.Resolve})
	}
	for _, d := range dials(t) {
		if !s.Sound(d.key) || d.key != proxyKey && s.IsSet(proxyKey) || d.key == urlKey && given {
			continue
		}
		if addr, err := netip.ParseAddr(d.url.Hostname()); err == nil {
			all = append(all, fixedAddrs{d.key, []netip.Addr{addr}})
		}
	}
	return all
}

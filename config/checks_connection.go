package config

import (
	"fmt"
	"net/netip"
	"slices"

	"example.com/prober/option"
)

func (s checks) checkReuse(c *Connection) {
	const count, reuse = "connection.requests_per_connection", "connection.reuse"
	if c.Reuse != ReuseNever || !s.IsSet(count) {
		return
	}
	if s.IsOwn(count) || s.AreTogether(count, reuse) {
		s.Conflict("has no meaning with reuse: never", count)
	}
	c.RequestsPerConnection = 0
}

// checkVersion follows RFC 9113, section 3: over TLS, HTTP/2 is negotiated, and in
// clear text it must be known that the target speaks it.
func (s checks) checkVersion(t *Target) {
	const version, at, proxy = "connection.http_version", "url", "connection.proxy_url"
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
			s.Conflict("h2c cannot pass an HTTP proxy, only a SOCKS5 proxy", version, proxy)
		}
	}
}

// checkFamily finds connections that could never be made, because no address is
// of the family that is asked for.
func (s checks) checkFamily(t *Target) {
	const version, source = "connection.ip_version", "connection.source_address"
	c, family := t.Connection, 0
	if s.Sound(version) {
		family = wantedFamily(c.IPVersion)
	}
	if s.Sound(source) {
		own := familyOf(c.SourceAddress)
		if family != 0 && family != own {
			s.Conflict("source_address is not of the family that ip_version asks for", source, version)
			return
		}
		family = own
	}
	fits := func(a netip.Addr) bool { return family == 0 || familyOf(a) == family }
	for _, fixed := range s.fixedAddresses(t) {
		if !slices.ContainsFunc(fixed.addrs, fits) {
			s.Conflict(fmt.Sprintf("there is no IPv%d address to dial, but ip_version or source_address ask for one", family), fixed.key, version, source)
		}
	}
}

// fixedAddrs are the addresses of a host that is dialled without asking DNS, at least
// one, and the key that they stand at.
type fixedAddrs struct {
	key   string
	addrs []netip.Addr
}

// fixedAddresses returns those of what t dials. A proxy is dialled instead of all else.
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

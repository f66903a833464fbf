package wire

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// bypasses reports whether an entry of list covers the target. The rules are those of the
// environment variable NO_PROXY, with one exception: loopback addresses use the proxy,
// since it was named for this very target.
func bypasses(list []string, target endpoint) bool {
	host := strings.ToLower(strings.TrimSuffix(target.host, "."))
	for _, entry := range list {
		entry = strings.ToLower(strings.TrimSpace(entry))
		switch {
		case entry == "":
		case entry == "*":
			return true
		case len(target.addrs) > 0:
			if matchesAddress(entry, target.addrs[0].Unmap().WithZone(""), target.port) {
				return true
			}
		case matchesDomain(entry, host, target.port):
			return true
		}
	}
	return false
}

func matchesAddress(entry string, addr netip.Addr, port uint16) bool {
	if prefix, err := netip.ParsePrefix(entry); err == nil {
		const mappingBits = 96
		if prefix.Addr().Is4In6() && prefix.Bits() >= mappingBits {
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mappingBits)
		}
		return prefix.Contains(addr)
	}
	host, matches := cutPort(entry, port)
	listed, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return matches && err == nil && listed.Unmap() == addr
}

func matchesDomain(entry, host string, port uint16) bool {
	domain, matches := cutPort(entry, port)
	domain = strings.TrimPrefix(domain, "*")
	name, subdomainsOnly := strings.CutPrefix(domain, ".")
	if !matches || name == "" {
		return false
	}
	return strings.HasSuffix(host, "."+name) || host == name && !subdomainsOnly
}

// cutPort returns entry without a port, and whether it holds for port.
func cutPort(entry string, port uint16) (host string, matches bool) {
	host, listed, err := net.SplitHostPort(entry)
	if err != nil {
		return entry, true
	}
	return host, listed == strconv.Itoa(int(port))
}

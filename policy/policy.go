// Package policy decides which hosts and addresses may be dialled. The
// configuration is held against it when it is loaded, and the transport holds
// whatever it is about to dial against it again: names, redirects and servers
// can lead elsewhere than the file says.
package policy

import (
	"net/netip"
	"slices"
)

// Policy is what may be dialled. The zero Policy allows everything.
type Policy struct {
	deny, allow []netip.Prefix
	hosts       []hostRule
}

// New returns the policy that forbids all that deny and denyHosts hold and, if
// allow is not empty, each address that allow does not hold. The entries of
// denyHosts are valid by [CheckHostRule].
func New(deny, allow []netip.Prefix, denyHosts []string) Policy {
	return Policy{deny: unmapped(deny), allow: unmapped(allow), hosts: hostRules(denyHosts)}
}

// AllowsAddr reports whether addr may be dialled. An IPv4-mapped address is the
// IPv4 address in it, zones mean nothing here, and the unspecified address is
// also the loopback address that it leads to.
//
// An IPv6 address that carries an IPv4 address is denied where either is: a
// translator or a tunnel may lead to the one that is carried. It is allowed only
// for its own sake: whether there is such a translator, and where it leads,
// nobody here knows.
func (p Policy) AllowsAddr(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if p.denies(addr) {
		return false
	}
	c := carriedBy(addr)
	if slices.ContainsFunc(c.list(), p.denies) {
		return false
	}
	return len(p.allow) == 0 || contains(p.allow, reached(addr))
}

func (p Policy) denies(addr netip.Addr) bool {
	return contains(p.deny, addr) || contains(p.deny, reached(addr))
}

// reached returns where a connection to addr leads.
func reached(addr netip.Addr) netip.Addr {
	switch addr {
	case netip.IPv4Unspecified():
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		return netip.IPv6Loopback()
	}
	return addr
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// unmapped turns prefixes of IPv4-mapped addresses into the IPv4 prefixes that
// they stand for; an address is compared without the mapping.
func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	const mappingBits = 96
	plain := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= mappingBits {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappingBits)
		}
		plain[i] = p
	}
	return plain
}

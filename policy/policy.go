// Package policy decides which hosts and addresses may be dialled. The
// configuration is checked against it at loading. The transport checks again
// before it dials: names, redirects and servers can lead elsewhere than the
// file says.
package policy

import (
	"net/netip"
	"slices"
)

// Policy decides what may be dialled. The zero Policy allows everything.
type Policy struct {
	deny, allow []netip.Prefix
	hosts       []hostRule
}

// Rules say what may be dialled. Without rules, everything may.
type Rules struct {
	// Deny holds networks that are never dialled.
	Deny []netip.Prefix
	// Allow, unless empty, holds the only networks that may be dialled.
	Allow []netip.Prefix
	// DenyHosts holds forbidden names, and as *.name all names below one. They
	// are forbidden for targets, proxies, token endpoints and redirects. They
	// are valid by [CheckHostRule].
	DenyHosts []string
}

// New returns the policy of the rules, whose networks must not change afterwards:
// the policies of many targets share them.
func New(r Rules) Policy {
	return Policy{deny: unmapped(r.Deny), allow: unmapped(r.Allow), hosts: hostRules(r.DenyHosts)}
}

// AllowsAddr reports whether addr may be dialled. An IPv4-mapped address counts
// as the IPv4 address in it, zones have no meaning, and the unspecified address
// also counts as the loopback address it leads to.
//
// An IPv6 address that carries an IPv4 address is denied if either of the two
// is: a translator or a tunnel may lead to the carried address. It is allowed
// only if it is itself allowed: nobody here knows whether there is such a
// translator, or where it leads.
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

// reached returns the address that a connection to addr reaches.
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

// unmapped turns prefixes of IPv4-mapped addresses into their IPv4 prefixes:
// addresses are compared without the mapping.
func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	const mappingBits = 96
	if !slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Addr().Is4In6() }) {
		return prefixes
	}
	plain := make([]netip.Prefix, len(prefixes))
	for i, p := range prefixes {
		if p.Addr().Is4In6() && p.Bits() >= mappingBits {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappingBits)
		}
		plain[i] = p
	}
	return plain
}

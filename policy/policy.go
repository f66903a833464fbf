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

// Rules say what may be dialled. Without any all may.
type Rules struct {
	// Deny holds what is never dialled.
	Deny []netip.Prefix
	// Allow, when not empty, holds all that may be dialled.
	Allow []netip.Prefix
	// DenyHosts holds the names, and as *.name all names below one, by which no
	// target, proxy and token endpoint may go, nor a place that a redirect leads to.
	// They are valid by [CheckHostRule].
	DenyHosts []string
}

// New returns the policy of the rules.
func New(r Rules) Policy {
	return Policy{deny: unmapped(r.Deny), allow: unmapped(r.Allow), hosts: hostRules(r.DenyHosts)}
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

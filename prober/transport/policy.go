package transport

import (
	"net/netip"
	"slices"

	"example.com/prober/errcode"
)

// errBlocked is the failure of a connection to an address that the policy forbids.
var errBlocked = errcode.New(errcode.BlockedIP, "the address is not allowed by network.deny and network.allow")

// policy decides which addresses may be dialled. The zero policy allows all.
type policy struct{ deny, allow []netip.Prefix }

func newPolicy(deny, allow []netip.Prefix) policy {
	return policy{deny: unmapped(deny), allow: unmapped(allow)}
}

// control is the hook of a [net.Dialer]: it sees the address that is really
// dialled, after every look-up, so that no name can lead around the policy.
func (p policy) control(address string) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return errBlocked
	}
	return p.check(target.Addr())
}

// check returns errBlocked for an address that must not be dialled. An
// IPv4-mapped address is the IPv4 address in it, zones mean nothing here, and
// the unspecified address is also the loopback address that it leads to.
func (p policy) check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	reached := addr
	switch addr {
	case netip.IPv4Unspecified():
		reached = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case netip.IPv6Unspecified():
		reached = netip.IPv6Loopback()
	}
	if contains(p.deny, addr) || contains(p.deny, reached) || len(p.allow) > 0 && !contains(p.allow, reached) {
		return errBlocked
	}
	return nil
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

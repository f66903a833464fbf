package transport

import (
	"context"
	"net"
	"net/netip"

	"example.com/prober/errcode"
)

// resolve returns the addresses of the target's host in the order in which to
// try them. Addresses that stand in the URL need no look-up and no phase.
func (t *Transport) resolve(ctx context.Context, r *Result) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(t.host); err == nil {
		return []netip.Addr{addr}, nil
	}
	r.enter(errcode.PhaseResolve)
	addrs, err := t.cfg.Resolver.LookupNetIP(ctx, "ip", t.host)
	if err != nil {
		return nil, err
	}
	if len(addrs) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: t.host, IsNotFound: true}
	}
	return interleave(addrs), nil
}

// interleave alternates between the address families, beginning with the family
// of the first address and keeping the order within each, so that one broken
// family costs one attempt (RFC 8305, section 4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var first, second []netip.Addr
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
		if addrs[i].Is4() == addrs[0].Is4() {
			first = append(first, addrs[i])
			continue
		}
		second = append(second, addrs[i])
	}
	mixed := make([]netip.Addr, 0, len(addrs))
	for i := range max(len(first), len(second)) {
		if i < len(first) {
			mixed = append(mixed, first[i])
		}
		if i < len(second) {
			mixed = append(mixed, second[i])
		}
	}
	return mixed
}

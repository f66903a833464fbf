package wire

import (
	"context"
	"net"
	"net/netip"
	"slices"

	"example.com/prober/errcode"
	"example.com/prober/option"
	"example.com/prober/policy"
)

// What can be wrong with a look-up that got an answer.
var (
	errNoSuchName   = errcode.New(errcode.NoSuchHost, "the name does not exist")
	errNoRecords    = errcode.New(errcode.NoSuchHost, "the name has no address")
	errNoFamily     = errcode.New(errcode.DNSFamily, "the host has addresses, but none of the wanted IP family")
	errDNSServfail  = errcode.New(errcode.DNSServfail, "the DNS server answered SERVFAIL")
	errDNSRefused   = errcode.New(errcode.DNSRefused, "the DNS server answered REFUSED")
	errDNSMalformed = errcode.New(errcode.DNSMalformed, "the DNS answer cannot be used")
)

// lookup returns the addresses of a host name, never none without an error. The
// network is ip, ip4 or ip6. It must return soon after ctx ends.
type lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// newLookup returns a lookup that asks server, or asks the system if server is not valid.
func newLookup(server netip.AddrPort, p policy.Policy) lookup {
	if server.IsValid() {
		return directLookup(server, p)
	}
	return systemLookup(new(net.Dialer).DialContext)
}

// allows reports whether v takes addresses of addr's family at all.
func allows(v option.IPVersion, addr netip.Addr) bool {
	return v != option.OnlyIPv4 && v != option.OnlyIPv6 || isFirst(v, addr)
}

// isFirst reports whether addr is of the only or the preferred family of v.
func isFirst(v option.IPVersion, addr netip.Addr) bool {
	return addr.Is4() == (v == option.OnlyIPv4 || v == option.PreferIPv4)
}

// arrange returns the addresses allowed by v, the preferred family first, and otherwise
// in their order.
func arrange(v option.IPVersion, addrs []netip.Addr) ([]netip.Addr, error) {
	arranged := make([]netip.Addr, 0, len(addrs))
	for _, addr := range addrs {
		if addr = addr.Unmap(); allows(v, addr) {
			arranged = append(arranged, addr)
		}
	}
	if len(arranged) == 0 {
		return nil, errNoFamily
	}
	if v == option.PreferIPv4 || v == option.PreferIPv6 {
		slices.SortStableFunc(arranged, func(a, b netip.Addr) int { return rank(isFirst(v, a)) - rank(isFirst(v, b)) })
	}
	return arranged, nil
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// resolve asks for the addresses of a host name and returns them in the order to try
// them. Nothing is kept: each new connection asks anew, so a change in DNS shows at once
// and every failure of DNS is seen.
func (d *Dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	addrs, err := d.lookUp(ctx, host)
	if err != nil {
		return nil, err
	}
	if addrs, err = arrange(d.ipVersion, addrs); err != nil {
		return nil, err
	}
	return interleave(addrs), nil
}

// lookUp asks for the wanted family only. If that finds nothing, it asks for the other
// one: a host without IPv6 is another failure than a host without addresses.
func (d *Dialer) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	var network, other string
	switch d.ipVersion {
	case option.OnlyIPv4:
		network, other = "ip4", "ip6"
	case option.OnlyIPv6:
		network, other = "ip6", "ip4"
	default:
		return d.lookup(ctx, "ip", host)
	}
	addrs, err := d.lookup(ctx, network, host)
	if errcode.FromError(err) != errcode.NoSuchHost {
		return addrs, err
	}
	if _, otherErr := d.lookup(ctx, other, host); otherErr == nil {
		return nil, errNoFamily
	}
	return nil, err
}

// interleave alternates between the address families, beginning with the family of the
// first address, and keeps the order within each. So one broken family costs one attempt
// (RFC 8305, section 4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var first, second []netip.Addr
	for _, addr := range addrs {
		if addr.Is4() == addrs[0].Is4() {
			first = append(first, addr)
			continue
		}
		second = append(second, addr)
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

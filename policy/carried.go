package policy

import "net/netip"

// carried holds the IPv4 addresses that one IPv6 address may carry: several if
// its form can be read in several ways.
type carried struct {
	addrs [6]netip.Addr
	n     int
}

func (c *carried) list() []netip.Addr { return c.addrs[:c.n] }

func (c *carried) add(b0, b1, b2, b3 byte) {
	c.addrs[c.n] = netip.AddrFrom4([4]byte{b0, b1, b2, b3})
	c.n++
}

// carriedBy returns the IPv4 addresses in addr, if it is an IPv6 address made
// to carry one.
func carriedBy(addr netip.Addr) (c carried) {
	if !addr.Is6() {
		return c
	}
	b := addr.As16()
	switch {
	case isZero(b[:12]): // IPv4-compatible: RFC 4291, section 2.5.5.1
		if addr != netip.IPv6Unspecified() && addr != netip.IPv6Loopback() {
			c.add(b[12], b[13], b[14], b[15])
		}
	case isZero(b[:8]) && b[8] == 0xff && b[9] == 0xff && isZero(b[10:12]): // IPv4-translated: RFC 2765, section 2.1
		c.add(b[12], b[13], b[14], b[15])
	case has(b, 0x00, 0x64, 0xff, 0x9b) && isZero(b[4:12]): // the prefix for NAT64: RFC 6052, section 2.1
		c.add(b[12], b[13], b[14], b[15])
	case has(b, 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01): // the prefix for NAT64 within one network: RFC 8215
		c.translated(b)
	case has(b, 0x20, 0x02): // 6to4: RFC 3056, section 2
		c.add(b[2], b[3], b[4], b[5])
	case has(b, 0x20, 0x01, 0x00, 0x00): // Teredo, the server and the client: RFC 4380, section 4
		c.add(b[4], b[5], b[6], b[7])
		c.add(^b[12], ^b[13], ^b[14], ^b[15])
	}
	// ISATAP, whatever the network: RFC 5214, section 6.1.
	if b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe {
		c.add(b[12], b[13], b[14], b[15])
	}
	return c
}

// translated unpacks an address of a NAT64 prefix that a network chose itself.
// The prefix may have 48, 56, 64 or 96 bits: RFC 6052, section 2.2. All of
// these forms skip byte 8. A reading within 0.0.0.0/8 is wrong, because nothing
// can be there. The last reading is kept in any case, because it is the usual
// one.
func (c *carried) translated(b [16]byte) {
	for _, at := range [][4]int{{6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}} {
		if b[at[0]] != 0 {
			c.add(b[at[0]], b[at[1]], b[at[2]], b[at[3]])
		}
	}
	c.add(b[12], b[13], b[14], b[15])
}

func has(b [16]byte, prefix ...byte) bool { return string(b[:len(prefix)]) == string(prefix) }

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

package policy

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

func TestPolicyOnAddresses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		deny, allow []netip.Prefix
		addr        string
		blocked     bool
	}{
		"nothing is listed":                            {addr: "10.0.0.1"},
		"denied":                                       {deny: prefixes("10.0.0.0/8"), addr: "10.0.0.1", blocked: true},
		"another address is denied":                    {deny: prefixes("10.0.0.0/8"), addr: "11.0.0.1"},
		"allowed":                                      {allow: prefixes("10.0.0.0/8"), addr: "10.0.0.1"},
		"only another address is allowed":              {allow: prefixes("10.0.0.0/8"), addr: "11.0.0.1", blocked: true},
		"allowed and denied":                           {allow: prefixes("10.0.0.0/8"), deny: prefixes("10.0.0.1/32"), addr: "10.0.0.1", blocked: true},
		"denied as IPv4, dialled as IPv6":              {deny: prefixes("10.0.0.0/8"), addr: "::ffff:10.0.0.1", blocked: true},
		"denied as IPv6, dialled as IPv4":              {deny: prefixes("::ffff:10.0.0.0/104"), addr: "10.0.0.1", blocked: true},
		"all mapped addresses are denied":              {deny: prefixes("::ffff:0:0/96"), addr: "10.0.0.1", blocked: true},
		"all IPv6 addresses are denied":                {deny: prefixes("::/0"), addr: "10.0.0.1"},
		"denied, with a zone":                          {deny: prefixes("fe80::/10"), addr: "fe80::1%eth0", blocked: true},
		"allowed, with a zone":                         {allow: prefixes("fe80::/10"), addr: "fe80::1%eth0"},
		"unspecified where loopback is denied":         {deny: prefixes("127.0.0.0/8"), addr: "0.0.0.0", blocked: true},
		"unspecified IPv6 where loopback is denied":    {deny: prefixes("::1/128"), addr: "::", blocked: true},
		"unspecified as IPv6 where loopback is denied": {deny: prefixes("127.0.0.0/8"), addr: "::ffff:0.0.0.0", blocked: true},
		"unspecified itself is denied":                 {deny: prefixes("0.0.0.0/8"), addr: "0.0.0.0", blocked: true},
		"unspecified where loopback is allowed":        {allow: prefixes("127.0.0.0/8"), addr: "0.0.0.0"},
		"unspecified where loopback is not allowed":    {allow: prefixes("10.0.0.0/8"), addr: "0.0.0.0", blocked: true},
	}
	for name, test := range tests {
		allowed := New(Rules{Deny: test.deny, Allow: test.allow}).AllowsAddr(netip.MustParseAddr(test.addr))
		assert.Equal(t, test.blocked, !allowed, name)
	}
}

// TestAnAddressIsDeniedInEverySpelling writes 169.254.169.254 in all forms of an IPv6 address that can carry it.
func TestAnAddressIsDeniedInEverySpelling(t *testing.T) {
	t.Parallel()
	spellings := map[string]string{
		"as it is":                        "169.254.169.254",
		"IPv4-mapped":                     "::ffff:169.254.169.254",
		"IPv4-mapped, with a zone":        "::ffff:169.254.169.254%eth0",
		"IPv4-compatible":                 "::169.254.169.254",
		"IPv4-translated":                 "::ffff:0:169.254.169.254",
		"NAT64":                           "64:ff9b::169.254.169.254",
		"NAT64 in hexadecimal":            "64:ff9b::a9fe:a9fe",
		"NAT64 with a zone":               "64:ff9b::a9fe:a9fe%eth0",
		"NAT64 within a network, 96 bits": "64:ff9b:1::a9fe:a9fe",
		"NAT64 within a network, 96 bits of its own": "64:ff9b:1:fffe:0:1:a9fe:a9fe",
		"NAT64 within a network, 48 bits":            "64:ff9b:1:a9fe:a9:fe00::",
		"NAT64 within a network, 48 bits and more":   "64:ff9b:1:a9fe:a9:fe12:3456:789a",
		"NAT64 within a network, 56 bits":            "64:ff9b:1:12a9:fe:a9fe::",
		"NAT64 within a network, 64 bits":            "64:ff9b:1:1234:a9:fea9:fe00:0",
		"6to4":                                       "2002:a9fe:a9fe::1",
		"6to4, any subnet and host":                  "2002:a9fe:a9fe:1234:5678:9abc:def0:1234",
		"ISATAP":                                     "2001:db8::5efe:169.254.169.254",
		"ISATAP with a globally unique address":      "2001:db8::200:5efe:169.254.169.254",
		"ISATAP on the link":                         "fe80::5efe:169.254.169.254",
		"ISATAP within 6to4 of another":              "2002:c000:201::5efe:169.254.169.254",
		"Teredo, the server":                         "2001:0:a9fe:a9fe:8000:63bf:3fff:fdd2",
		"Teredo, the client":                         "2001:0:4136:e378:8000:63bf:5601:5601",
	}
	metadata, others := prefixes("169.254.0.0/16"), prefixes("169.253.0.0/16", "169.254.169.253/32")
	for name, spelling := range spellings {
		addr := netip.MustParseAddr(spelling)
		assert.False(t, New(Rules{Deny: metadata}).AllowsAddr(addr), "%s: %s, denied by its network", name, addr)
		assert.False(t, New(Rules{Deny: prefixes("169.254.169.254/32")}).AllowsAddr(addr), "%s: %s, denied alone", name, addr)
		assert.False(t, New(Rules{Deny: prefixes("::ffff:169.254.0.0/112")}).AllowsAddr(addr), "%s: %s, denied as IPv6", name, addr)
		assert.True(t, New(Rules{Deny: others}).AllowsAddr(addr), "%s: %s, where others are denied", name, addr)

		both := New(Rules{Deny: metadata, Allow: prefixes("::/0", "0.0.0.0/0")})
		assert.False(t, both.AllowsAddr(addr), "%s: %s, denied and allowed", name, addr)
		if is4 := addr.Unmap().Is4(); !is4 {
			assert.False(t, New(Rules{Allow: metadata}).AllowsAddr(addr), "%s: %s, where what it carries is allowed", name, addr)
			assert.True(t, New(Rules{Allow: prefixes("::/0")}).AllowsAddr(addr), "%s: %s, allowed itself", name, addr)
		}
	}
}

func TestAnAddressThatCarriesNoneIsItself(t *testing.T) {
	t.Parallel()
	// If these addresses were read as carrying another, it would be in 0.0.0.0/8 or loopback.
	own := New(Rules{Deny: prefixes("0.0.0.0/8", "127.0.0.0/8")})
	for _, addr := range []string{
		"::1", "::", "2001:db8::7f00:1", "2001:1::7f00:1", "64:ff9a::7f00:1", "64:ff9b:2::7f00:1", "64:ff9b:0:1::7f00:1",
		"64:ff9b:1::c000:201", "2003:7f00:1::", "::ffff:1:7f00:1", "2001:db8::100:5efe:7f00:1", "fd00:7f00:1::",
	} {
		assert.True(t, own.AllowsAddr(netip.MustParseAddr(addr)), addr)
	}
	assert.False(t, own.AllowsAddr(netip.MustParseAddr("64:ff9b::")), "the unspecified address behind a translator")
	assert.False(t, New(Rules{Deny: prefixes("127.0.0.0/8")}).AllowsAddr(netip.MustParseAddr("64:ff9b::")), "which may be the translator itself")
}

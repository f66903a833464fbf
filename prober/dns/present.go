package dns

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"

	"golang.org/x/net/dns/dnsmessage"
)

// appendRecord appends the record after header h, as dig +short prints it, and goes on to the
// next one. A record that does not fit its type is printed like a record of an unknown type
// (RFC 3597, section 5).
func appendRecord(text []byte, p *dnsmessage.Parser, h *dnsmessage.ResourceHeader) ([]byte, error) {
	if more, ok := appendKnown(text, p, h.Type); ok {
		return more, nil
	}
	raw, err := p.UnknownResource()
	if err != nil {
		return text, err
	}
	if more, ok := appendRaw(text, h.Type, raw.Data); ok {
		return more, nil
	}
	text = append(text, `\# `...)
	text = strconv.AppendInt(text, int64(len(raw.Data)), 10)
	text = append(text, ' ')
	return hex.AppendEncode(text, raw.Data), nil
}

// appendKnown appends a record of a type known to the parser. It returns false, and leaves
// the record unread, if the type is unknown or the record unreadable.
func appendKnown(text []byte, p *dnsmessage.Parser, kind dnsmessage.Type) ([]byte, bool) {
	var err error
	switch kind {
	case dnsmessage.TypeA:
		var a dnsmessage.AResource
		a, err = p.AResource()
		text = netip.AddrFrom4(a.A).AppendTo(text)
	case dnsmessage.TypeAAAA:
		var a dnsmessage.AAAAResource
		a, err = p.AAAAResource()
		text = netip.AddrFrom16(a.AAAA).AppendTo(text)
	case dnsmessage.TypeTXT:
		var t dnsmessage.TXTResource
		t, err = p.TXTResource()
		text = appendStrings(text, t.TXT)
	case dnsmessage.TypeSVCB, dnsmessage.TypeHTTPS:
		return appendService(text, p, kind)
	default:
		return appendNamed(text, p, kind)
	}
	return text, err == nil
}

// appendNamed appends a record that is a name or contains one.
func appendNamed(text []byte, p *dnsmessage.Parser, kind dnsmessage.Type) ([]byte, bool) {
	switch kind {
	case dnsmessage.TypeCNAME:
		c, err := p.CNAMEResource()
		return appendName(text, &c.CNAME), err == nil
	case dnsmessage.TypeNS:
		n, err := p.NSResource()
		return appendName(text, &n.NS), err == nil
	case dnsmessage.TypePTR:
		n, err := p.PTRResource()
		return appendName(text, &n.PTR), err == nil
	case dnsmessage.TypeMX:
		m, err := p.MXResource()
		return appendName(appendNumbers(text, uint32(m.Pref)), &m.MX), err == nil
	case dnsmessage.TypeSRV:
		s, err := p.SRVResource()
		text = appendNumbers(text, uint32(s.Priority), uint32(s.Weight), uint32(s.Port))
		return appendName(text, &s.Target), err == nil
	case dnsmessage.TypeSOA:
		s, err := p.SOAResource()
		text = append(appendName(text, &s.NS), ' ')
		text = append(appendName(text, &s.MBox), ' ')
		text = appendNumbers(text, s.Serial, s.Refresh, s.Retry, s.Expire, s.MinTTL)
		return text[:len(text)-1], err == nil
	}
	return text, false
}

// Types unknown to the parser.
const (
	typeDS     dnsmessage.Type = 43
	typeDNSKEY dnsmessage.Type = 48
	typeTLSA   dnsmessage.Type = 52
	typeCAA    dnsmessage.Type = 257
)

// appendRaw appends a record of one of these types.
func appendRaw(text []byte, kind dnsmessage.Type, data []byte) ([]byte, bool) {
	const leading = 4 // bytes with numbers in DS and DNSKEY
	switch {
	case kind == typeDS && len(data) > leading:
		text = appendNumbers(text, uint32(binary.BigEndian.Uint16(data)), uint32(data[2]), uint32(data[3]))
		return appendUpperHex(text, data[leading:]), true
	case kind == typeDNSKEY && len(data) > leading:
		text = appendNumbers(text, uint32(binary.BigEndian.Uint16(data)), uint32(data[2]), uint32(data[3]))
		return base64.StdEncoding.AppendEncode(text, data[leading:]), true
	case kind == typeTLSA && len(data) > 3:
		return appendUpperHex(appendNumbers(text, uint32(data[0]), uint32(data[1]), uint32(data[2])), data[3:]), true
	case kind == typeCAA:
		return appendAuthority(text, data)
	}
	return text, false
}

// appendAuthority appends a CAA record (RFC 8659, section 4.1): flags, the length of the tag,
// the tag, the value.
func appendAuthority(text, data []byte) ([]byte, bool) {
	const head = 2
	if len(data) <= head {
		return text, false
	}
	// The length is a byte, and the sum has to be an int: in a byte it would wrap for a tag
	// of 254 bytes.
	end := head + int(data[1])
	if len(data) < end {
		return text, false
	}
	text = appendNumbers(text, uint32(data[0]))
	for _, b := range data[head:end] {
		text = appendVisible(text, b)
	}
	return appendQuoted(append(text, ' '), data[end:]), true
}

// appendNumbers appends each number with a space after it.
func appendNumbers(text []byte, numbers ...uint32) []byte {
	for _, n := range numbers {
		text = append(strconv.AppendUint(text, uint64(n), 10), ' ')
	}
	return text
}

func appendUpperHex(text, data []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, b := range data {
		text = append(text, digits[b>>4], digits[b&0xf])
	}
	return text
}

// appendName appends a name with a dot at its end. It escapes characters with a meaning in
// zone files (RFC 1035, section 5.1).
func appendName(text []byte, n *dnsmessage.Name) []byte {
	for _, b := range n.Data[:n.Length] {
		switch b {
		case '"', '$', '(', ')', ';', '@', '\\':
			text = append(text, '\\', b)
		default:
			text = appendVisible(text, b)
		}
	}
	return text
}

func appendStrings(text []byte, all []string) []byte {
	for i, s := range all {
		if i > 0 {
			text = append(text, ' ')
		}
		text = appendQuoted(text, []byte(s))
	}
	return text
}

func appendQuoted(text, s []byte) []byte {
	text = append(text, '"')
	for _, b := range s {
		switch b {
		case '"', '\\':
			text = append(text, '\\', b)
		case ' ':
			text = append(text, b)
		default:
			text = appendVisible(text, b)
		}
	}
	return append(text, '"')
}

// appendVisible appends a byte, or its number if it is not visible. A regexp can rely on
// this: a record has no line breaks, and no bytes beyond ASCII.
func appendVisible(text []byte, b byte) []byte {
	if b > ' ' && b < 0x7f {
		return append(text, b)
	}
	return append(text, '\\', '0'+b/100, '0'+b/10%10, '0'+b%10)
}

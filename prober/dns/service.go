package dns

import (
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"strconv"

	"golang.org/x/net/dns/dnsmessage"
)

// serviceKeys are the names of the parameters of a service by number (IANA, DNS SVCB).
var serviceKeys = [...]string{"mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint", "dohpath"}

// appendService appends a record of the type SVCB or HTTPS (RFC 9460, section 2.1).
func appendService(text []byte, p *dnsmessage.Parser, kind dnsmessage.Type) ([]byte, bool) {
	var s dnsmessage.SVCBResource
	var err error
	if kind == dnsmessage.TypeHTTPS {
		var h dnsmessage.HTTPSResource
		h, err = p.HTTPSResource()
		s = h.SVCBResource
	} else {
		s, err = p.SVCBResource()
	}
	if err != nil {
		return text, false
	}
	text = appendName(appendNumbers(text, uint32(s.Priority)), &s.Target)
	for _, param := range s.Params {
		text = appendKey(append(text, ' '), uint16(param.Key))
		text = appendParam(text, param.Key, param.Value)
	}
	return text, true
}

func appendKey(text []byte, key uint16) []byte {
	if int(key) < len(serviceKeys) {
		return append(text, serviceKeys[key]...)
	}
	return strconv.AppendUint(append(text, "key"...), uint64(key), 10)
}

// appendParam appends the sign = and the value of a parameter. If the value does not fit its key, it
// is appended as if the key were unknown.
func appendParam(text []byte, key dnsmessage.SVCParamKey, value []byte) []byte {
	before := len(text)
	ok := false
	switch text = append(text, '='); key {
	case dnsmessage.SVCParamMandatory:
		text, ok = appendParts(text, value, 2, func(text, part []byte) []byte {
			return appendKey(text, binary.BigEndian.Uint16(part))
		})
	case dnsmessage.SVCParamALPN:
		text, ok = appendProtocols(text, value)
	case dnsmessage.SVCParamPort:
		text, ok = appendParts(text, value, 2, func(text, part []byte) []byte {
			return strconv.AppendUint(text, uint64(binary.BigEndian.Uint16(part)), 10)
		})
	case dnsmessage.SVCParamIPv4Hint:
		text, ok = appendParts(text, value, 4, appendAddress)
	case dnsmessage.SVCParamIPv6Hint:
		text, ok = appendParts(text, value, 16, appendAddress)
	case dnsmessage.SVCParamECH:
		text, ok = base64.StdEncoding.AppendEncode(text, value), true
	}
	switch {
	case ok:
		return text
	case len(value) == 0:
		return text[:before]
	}
	return appendQuoted(append(text[:before], '='), value)
}

// appendParts appends the parts of a value, of size bytes each, with commas between. It returns
// false if the value has no such parts.
func appendParts(text, value []byte, size int, one func(text, part []byte) []byte) ([]byte, bool) {
	if len(value) == 0 || len(value)%size != 0 {
		return text, false
	}
	for at := 0; at < len(value); at += size {
		if at > 0 {
			text = append(text, ',')
		}
		text = one(text, value[at:at+size])
	}
	return text, true
}

func appendAddress(text, part []byte) []byte {
	a, _ := netip.AddrFromSlice(part) // it has 4 or 16 bytes
	return a.AppendTo(text)
}

// appendProtocols appends a list of protocols. In value, each protocol follows its length.
func appendProtocols(text, value []byte) ([]byte, bool) {
	text = append(text, '"')
	for first := true; len(value) > 0; first = false {
		size := int(value[0])
		if value = value[1:]; size == 0 || size > len(value) {
			return text, false
		}
		if !first {
			text = append(text, ',')
		}
		for _, b := range value[:size] {
			text = appendVisible(text, b)
		}
		value = value[size:]
	}
	return append(text, '"'), true
}

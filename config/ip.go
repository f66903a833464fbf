package config

import (
	"errors"
	"net/netip"
	"regexp"

	"gopkg.in/yaml.v3"

	"example.com/prober/config/form"
	"example.com/prober/option"
)

const dnsPort = 53

const (
	addrMistake   = "must be an IP address such as 10.0.0.7 or fd00::7, without brackets and port"
	serverMistake = "must be an IP address, perhaps with a port, such as 10.0.0.2, 10.0.0.2:53 or [fd00::2]:53"
)

// addrWritten and serverWritten are a bit wider than the parsers of these
// values.
var (
	addrWritten   = regexp.MustCompile(`^[0-9a-fA-F.:]+(%.+)?$`)
	serverWritten = regexp.MustCompile(`^(\[[0-9a-fA-F.:]+(%.+)?\]:[0-9]+|[0-9a-fA-F.:]+(%.+)?)$`)
)

func addrShape() form.Shape { return form.TextLike(addrWritten, addrMistake) }

func addresses(to *[]netip.Addr) form.Value {
	parse := func(n *yaml.Node) (netip.Addr, error) { return parseAddr(n.Value) }
	return form.List[netip.Addr]{To: to, Parse: parse, Format: addrNode, Check: form.CheckNoRepeat[netip.Addr], Written: addrShape}
}

func address(to *netip.Addr) form.Value {
	parse := func(n *yaml.Node) (netip.Addr, error) { return parseAddr(n.Value) }
	return form.Scalar[netip.Addr]{To: to, Parse: parse, Format: addrNode, Written: addrShape}
}

func addrNode(a netip.Addr) *yaml.Node { return form.PlainNode(a.String()) }

func parseAddr(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return addr, errors.New(addrMistake)
	}
	return addr, checkUnicast(addr)
}

func checkUnicast(addr netip.Addr) error {
	switch {
	// With two ways to write one address, equal targets would differ.
	case addr.Is4In6():
		return errors.New("is a mapped IPv4 address; write the IPv4 address")
	case addr.IsUnspecified(), addr.IsMulticast():
		return errors.New("must be the address of one host")
	}
	return nil
}

func serverAddress(to *netip.AddrPort) form.Value {
	parse := func(n *yaml.Node) (netip.AddrPort, error) { return parseServerAddress(n.Value) }
	format := func(a netip.AddrPort) *yaml.Node { return form.PlainNode(a.String()) }
	return form.Scalar[netip.AddrPort]{To: to, Parse: parse, Format: format, Written: func() form.Shape { return form.TextLike(serverWritten, serverMistake) }}
}

func parseServerAddress(s string) (netip.AddrPort, error) {
	server, err := netip.ParseAddrPort(s)
	if addr, addrErr := netip.ParseAddr(s); addrErr == nil {
		server, err = netip.AddrPortFrom(addr, dnsPort), nil
	}
	if err != nil || server.Port() == 0 {
		return server, errors.New(serverMistake)
	}
	return server, checkUnicast(server.Addr())
}

// wantedFamily returns 4 or 6, or 0 if v allows both.
func wantedFamily(v option.IPVersion) int {
	switch v {
	case option.OnlyIPv4:
		return 4
	case option.OnlyIPv6:
		return 6
	}
	return 0
}

func familyOf(a netip.Addr) int {
	if a.Unmap().Is4() {
		return 4
	}
	return 6
}

package policy

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// hostRule is a compiled entry of a list of denied hosts.
type hostRule struct {
	entry string // as given
	name  string // the name to compare a host with
	below bool   // means the names below it, and not the name itself
}

// The errors for forms that an entry cannot have.
var (
	errAddressRule = errors.New("is an address: write addresses in network.deny")
	errHostRule    = errors.New("must be a host name, or *.name for all names below one, without scheme, port and path")
)

// CheckHostRule accepts an entry of a list of denied hosts: a name, or *.name
// for all names below one.
func CheckHostRule(entry string) error {
	name, err := ASCII(strings.TrimPrefix(entry, "*."))
	switch {
	case err != nil:
		return err
	case isAddress(name) || EndsInNumber(name):
		return errAddressRule
	case !isName(strings.TrimSuffix(name, ".")):
		return errHostRule
	}
	return nil
}

func hostRules(entries []string) []hostRule {
	rules := make([]hostRule, 0, len(entries))
	for _, entry := range entries {
		name, below := strings.CutPrefix(entry, "*.")
		if name = canonical(name); name != "" {
			rules = append(rules, hostRule{entry, name, below})
		}
	}
	return rules
}

// DenyHost returns the entry of the list of denied hosts that forbids host, and
// "" if none does. The spelling makes no difference: the case, a dot at the
// end, and letters beyond ASCII in place of their xn-- form.
func (p Policy) DenyHost(host string) (entry string) {
	if len(p.hosts) == 0 {
		return ""
	}
	host = canonical(host)
	for _, r := range p.hosts {
		if !r.below && host == r.name || r.below && strings.HasSuffix(host, "."+r.name) {
			return r.entry
		}
	}
	return ""
}

// canonical returns the spelling of a name for comparisons.
func canonical(name string) string {
	if ascii, err := ASCII(name); err == nil {
		name = ascii
	}
	return strings.ToLower(strings.TrimRight(name, "."))
}

var errNotASCII = errors.New("the host has letters without an xn-- form")

// ASCII returns host with its letters beyond ASCII in the xn-- form of DNS and
// HTTP (UTS #46, as browsers do it). It leaves a host in ASCII as it is. The
// result may still be no valid name.
func ASCII(host string) (string, error) {
	if IsASCII(host) {
		return host, nil
	}
	if !utf8.ValidString(host) {
		return "", errNotASCII
	}
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.BidiRule(), idna.StrictDomainName(false))
	ascii, err := profile.ToASCII(host)
	if err != nil || ascii == "" || !IsASCII(ascii) {
		return "", errNotASCII // the cause quotes the host
	}
	return ascii, nil
}

// IsASCII reports whether all of s is ASCII.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// EndsInNumber reports whether the last label of host is a number in decimal or
// hexadecimal notation. Some programs take such a host for an IPv4 address and
// others for a name. Here only the usual notation counts as an address.
func EndsInNumber(host string) bool {
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	digits := "0123456789"
	if len(last) > 1 && last[0] == '0' && last[1]|0x20 == 'x' {
		last, digits = last[2:], "0123456789abcdefABCDEF"
	} else if last == "" {
		return false
	}
	return strings.Trim(last, digits) == ""
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// isName accepts labels of letters, digits, hyphens and the _ allowed by DNS.
func isName(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		odd := strings.ContainsFunc(label, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
		})
		if odd || label == "" {
			return false
		}
	}
	return true
}

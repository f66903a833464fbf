package errcode

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// operation takes in the operation and the network of a failure in package net. Other
// packages borrow its error type: crypto/tls for alerts, net/http for proxies,
// x/net/proxy for SOCKS.
func (f *facts) operation(e *net.OpError) {
	switch {
	case e.Op == "dial":
		f.socket, f.dialling = true, true
	case e.Op == "proxyconnect":
		first(&f.explicit, ProxyConnect)
	case strings.HasPrefix(e.Op, "socks "):
		first(&f.proxy, ProxySocks)
	case e.Op == "remote error":
		f.alert(e.Err, FromAlert)
	case e.Op == "local error":
		f.alert(e.Err, fromLocalAlert)
	default:
		f.socket = true
	}
	f.nonTCP = f.nonTCP || e.Net != "" && !strings.HasPrefix(e.Net, "tcp")
	if addr, ok := e.Err.(*net.AddrError); ok && wrongFamily(e.Net, addr) {
		first(&f.dns, DNSFamily)
	}
}

// wrongFamily reports whether an address was refused because the network, such as "tcp4",
// has the other address family.
func wrongFamily(network string, e *net.AddrError) bool {
	addr, err := netip.ParseAddr(e.Addr)
	if err != nil {
		return false
	}
	return strings.HasSuffix(network, "4") && !addr.Is4() || strings.HasSuffix(network, "6") && !addr.Is6()
}

// resolution takes in a failure of [net.Resolver]. The resolver keeps a cause only for
// cancellation and deadlines; SERVFAIL, REFUSED and a closed port differ only in the
// text.
func (f *facts) resolution(e *net.DNSError) {
	f.lookup = true
	f.deadline = f.deadline || e.IsTimeout
	if e.IsNotFound {
		first(&f.dns, NoSuchHost)
		return
	}
	first(&f.dns, DNS)
}

// request takes in the operation of net/url and of [net/http.Client]. The client wraps
// failures until the response header is complete, and none after.
func (f *facts) request(e *url.Error) {
	if e.Op == "parse" {
		first(&f.malformed, InvalidURL)
		return
	}
	f.awaiting = true
	if _, wraps := e.Err.(interface{ Unwrap() error }); !wraps {
		f.url = e.URL
	}
}

// unsendable reports whether net/http's client has no way to send a request to raw: it
// returns a bare text for such a URL. A relative URL is the target of a redirect.
func unsendable(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme == "" {
		return false
	}
	return u.Host == "" || u.Scheme != "http" && u.Scheme != "https"
}

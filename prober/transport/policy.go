package transport

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"example.com/prober/errcode"
	"example.com/prober/policy"
)

// errBlocked is the failure of a connection to an address that the policy forbids.
var errBlocked = errcode.New(errcode.BlockedIP, "the address is not allowed by network.deny and network.allow")

// checkAddr returns errBlocked for an address that must not be dialled.
func checkAddr(p policy.Policy, addr netip.Addr) error {
	if !p.AllowsAddr(addr) {
		return errBlocked
	}
	return nil
}

// controlOf returns a hook of a [net.Dialer]: it sees the address that is really
// dialled, after every look-up, so that no name can lead around the policy.
func controlOf(p policy.Policy) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return errBlocked
		}
		return checkAddr(p, target.Addr())
	}
}

// blockedName returns the failure of all requests of t if it goes by a name that
// the policy forbids: that of the target, of the proxy on the way, or one by which
// the target is asked to be another host.
func (t *Transport) blockedName() error {
	names := []struct{ what, host string }{
		{"the host", t.target.host}, {"the Host header", hostOf(t.cfg.Host)}, {"the TLS server name", t.cfg.TLS.ServerName},
	}
	if t.proxy != nil {
		names = append(names, struct{ what, host string }{"the proxy", t.proxy.host})
	}
	for _, name := range names {
		if entry := t.policy.DenyHost(name.host); entry != "" {
			return errcode.New(errcode.BlockedHost, name.what+" is not allowed by "+entry+" in network.deny_hosts")
		}
	}
	return nil
}

// hostOf returns a Host header without its port.
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return strings.Trim(header, "[]")
}

package wire

import (
	"context"
	"net/netip"
	"syscall"

	"example.com/prober/errcode"
	"example.com/prober/policy"
)

// errBlocked is the failure of a connection to an address forbidden by the policy.
var errBlocked = errcode.New(errcode.BlockedIP, "the address is not allowed by network.deny and network.allow")

// checkAddr returns errBlocked for an address that must not be dialled.
func checkAddr(p policy.Policy, addr netip.Addr) error {
	if !p.AllowsAddr(addr) {
		return errBlocked
	}
	return nil
}

// controlOf returns a hook of a [net.Dialer]. It sees the address really dialled, after
// every look-up, so no name can lead around the policy.
func controlOf(p policy.Policy) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		// Package net passes an address here and no name. If that ever changes, nothing is
		// dialled.
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return errBlocked
		}
		return checkAddr(p, target.Addr())
	}
}

// blockedName returns the failure of all requests if the policy forbids one of their
// names: the name of the target, of the proxy on the way, or another name given to the
// target.
func (d *Dialer) blockedName() error {
	names := append([]Alias{{"the host", d.target.host}}, d.plan.Aliases...)
	// A front-end picks the site by the name in the handshake, so that name leads to a host
	// as much as the one in the URL.
	names = append(names, Alias{"the TLS server name", d.plan.TLS.ServerName})
	if d.proxy != nil {
		names = append(names, Alias{"the proxy", d.proxy.host})
	}
	for _, name := range names {
		if entry := d.policy.DenyHost(name.Host); entry != "" {
			return errcode.New(errcode.BlockedHost, name.What+" is not allowed by "+entry+" in network.deny_hosts")
		}
	}
	return nil
}

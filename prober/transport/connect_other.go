//go:build !linux

package transport

import (
	"context"
	"net"
	"net/netip"
)

// connectTCP leaves everything to package net.
func (t *Transport) connectTCP(context.Context, netip.AddrPort, Instant) (c net.Conn, handled bool, err error) {
	return nil, false, nil
}

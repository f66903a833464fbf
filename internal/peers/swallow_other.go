//go:build !linux

package peers

import "net/netip"

// Swallow can do nothing: how to fill the queue of a listener is known for Linux.
func Swallow(_ T, at netip.AddrPort) (netip.AddrPort, bool) { return at, false }

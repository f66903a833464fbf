//go:build !linux

package peers

import "net/netip"

// Swallow does nothing: this package can fill the queue of a listener on Linux only.
func Swallow(_ T, at netip.AddrPort) (netip.AddrPort, bool) { return at, false }

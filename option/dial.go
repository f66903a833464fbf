package option

import (
	"net/netip"
	"time"
)

// Dial says how a connection is made, whatever its protocol. The configuration, the
// engines, and the dialer all have its fields.
type Dial struct {
	// ConnectTimeout bounds resolving and connecting, TLSTimeout the handshake.
	// The deadline of the request bounds both as well.
	ConnectTimeout, TLSTimeout time.Duration
	// IPVersion restricts or orders the addresses of the target, or of its proxy.
	IPVersion IPVersion
	// Resolve holds the addresses of the target, instead of those in its URL or in DNS.
	// Nothing is looked up then. It cannot be used with a proxy.
	Resolve []netip.Addr
	// DNSServer is asked directly for names, over UDP, and over TCP if an answer is too
	// long. That ignores the hosts file and the search list of the system. The zero value
	// means to resolve as the system does.
	DNSServer netip.AddrPort
	// SourceAddress is the local address of connections; it also restricts them to
	// its IP family. The zero value leaves the choice to the system.
	SourceAddress netip.Addr
	// Clock takes the arrival time of answers. If the kernel does not give a time, the
	// program's clock is used instead, and that is counted.
	Clock Clock
}

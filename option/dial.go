package option

import (
	"net/netip"
	"time"
)

// Dial says how a connection is made, whatever is spoken on it then. What is declared here
// is at hand in the configuration, in the engines, and where connections are made.
type Dial struct {
	// ConnectTimeout bounds resolving and connecting, TLSTimeout the handshake.
	// The deadline of the request bounds both as well.
	ConnectTimeout, TLSTimeout time.Duration
	// IPVersion restricts or orders the addresses of the target, or of its proxy.
	IPVersion IPVersion
	// Resolve holds the addresses of the target, instead of those in its URL or in
	// DNS. Nothing is looked up then; with a proxy it cannot be used.
	Resolve []netip.Addr
	// DNSServer is asked directly for names, over UDP, and over TCP where an answer
	// is too long: without the hosts file and the search list of the system. The
	// zero value means to resolve as the system does.
	DNSServer netip.AddrPort
	// SourceAddress is the local address of connections; it also restricts them to
	// its IP family. The zero value leaves the choice to the system.
	SourceAddress netip.Addr
	// Clock is that by which answers arrive. Where the kernel does not say when they did,
	// the program's takes its place; that is counted.
	Clock Clock
}

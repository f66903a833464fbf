// Package wire leads from a name to a connection ready for an exchange: it resolves,
// applies the policy to each address before it is dialled, connects, passes proxies, and
// does the handshake of TLS. Each step is timed in the result of the request, and each of
// its failures has a type.
//
// A [Dialer] is compiled once from a [Plan]. It makes a [Link] for one request; whoever
// gets it closes it. A link has a [Stream], the connection with the deadline of the request
// under way, and perhaps a [TLSConn] over it. Reads and writes of a link end at the
// deadline of its stream. [Dialer.DialDatagrams] does the same for QUIC, over [Datagrams].
//
// On Linux a [Socket] reads and writes by bare system calls, and the kernel says when bytes
// arrived. Elsewhere package net and the program's clock do. The files with the name of a
// system hold such differences, and nothing else knows of them.
//
// Nothing here waits without an end: a dial ends with the time of its request and a time of
// its own, and closing waits for no peer.
package wire

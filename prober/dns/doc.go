// Package dns is the engine of targets that are DNS servers: each request asks one
// question, in a datagram, over TCP or over TLS, and compares the answer with the
// expectation.
//
// An [Engine] is compiled once from a [Config]. The question is encoded once; each request
// changes only the id. A question is asked once: no datagram is sent again, since a lost
// one is what a prober has to show. If the answer in a datagram is cut, the question is
// asked again over TCP, as resolvers do, and the result says so.
//
// Sockets of datagrams are kept and reused like connections, each by one request at a time.
// Each socket counts its ids up from a random one, so the id identifies a late or repeated
// answer. After a failed request the socket is closed, and answers still on their way are
// lost.
//
// The worker asks and reads itself, and the deadline of its request ends every wait. The
// host of a target is looked up by package wire, and not here.
package dns

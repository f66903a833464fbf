// Package wire leads from a name to a connection ready for an exchange: it resolves, applies
// the policy to each address before it is dialled, connects, passes proxies, and does the
// handshake of TLS. Each step is timed in the result of the request, and each of its
// failures has a type.
//
// A [Dialer] is compiled once from a [Plan]. It makes a [Link] for one request; whoever gets
// it closes it. Reads and writes of a link end at the deadline of its [Stream].
package wire

// Package dns is the engine of targets that are DNS servers: each request asks one question,
// in a datagram, over TCP or over TLS, and holds the answer against what is expected.
//
// The question is encoded once; each request changes the id alone. A question is asked once:
// no datagram is sent again. Where the answer to one is cut, the question is asked over TCP,
// as resolvers do, and the result says so.
//
// Sockets of datagrams are kept and used again, as connections are, each by one request at a
// time. Each counts its ids up from a random one, so that an answer that comes late or twice
// is known by its id. A socket on which a request failed is closed, and with it whatever
// answer was still on its way.
package dns

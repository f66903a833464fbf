// Package http3 does exchanges over connections of HTTP/3 (RFC 9114), which quic-go carries
// (RFC 9000). Each request has a stream of its own. The worker writes its request and reads
// the response itself; goroutines of the connection read what concerns all of it.
//
// A [Pool] holds the connections to one target and the requests that wait for a stream.
// Whether a request is sent, and where, is decided here and not by quic-go: it makes the
// connections, opens the streams, and never sends anything again but lost packets.
package http3

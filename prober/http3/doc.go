// Package http3 does exchanges over connections of HTTP/3 (RFC 9114) with quic-go (RFC
// 9000). Each request has a stream of its own. The worker writes its request and reads the
// response itself; goroutines of the connection read everything outside the requests.
//
// A [Pool] holds the connections to one target and the requests waiting for a stream. This
// package, and not quic-go, decides whether and on which connection a request is sent.
// quic-go makes the connections, opens the streams, and resends only lost packets.
package http3

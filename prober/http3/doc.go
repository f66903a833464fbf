// Package http3 does exchanges over connections of HTTP/3 (RFC 9114) with quic-go (RFC
// 9000). Each request has a stream of its own. The worker writes its request and reads the
// response itself; goroutines of the connection read everything outside the requests.
//
// A [Pool] holds the connections to one target and the requests waiting for a stream. A
// [Request] is a target's request, encoded once, and an [Exchange] is one use of it.
// [Pool.Do] performs it: it takes a place on a connection, waits for one, or dials.
//
// This package, and not quic-go, decides whether and on which connection a request is sent.
// quic-go makes the connections, opens the streams, and resends only lost packets. A
// request goes out twice only if the server says that it has not processed it, and that is
// counted.
//
// The mutex of a pool guards what its connections share. It is never held while quic-go may
// wait. What a server sends outside of responses is bounded in size and number, and what it
// sends on a stream is bounded like any response.
package http3

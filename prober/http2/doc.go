// Package http2 does exchanges over connections of HTTP/2 (RFC 9113). Workers write their
// requests themselves; a goroutine of the connection reads for all of them, and wakes the
// worker whose response is complete.
//
// A [Pool] holds the connections to one target and the requests that wait for a stream.
//
// The side of a connection that writes has three rooms. The writer collects frames and
// writes them in batches; its states and what changes them stand in a table above
// writerState. The outlet lies below TLS and keeps what the system has no room for. The
// farewell ends the connection: it tells the peer why, and closes it. Nothing that a worker
// or the reader does waits for a peer to read.
package http2

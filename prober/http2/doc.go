// Package http2 does exchanges over connections of HTTP/2 (RFC 9113). Workers write their requests themselves. One
// goroutine per connection reads for all of them, and wakes each worker when its response is complete.
//
// A [Pool] holds the connections to one target and the requests waiting for a stream.
//
// The write side of a connection has three parts. The writer collects frames and writes them in batches; the comment on
// writerState has a table of its states. The outlet lies below TLS and keeps bytes until the system has room for them.
// The lastFrames ends the connection: it tells the peer why, and closes it. Workers and the reader never wait for a peer
// to read.
package http2

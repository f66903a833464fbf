// Package http2 does exchanges over connections of HTTP/2 (RFC 9113). Workers write their requests themselves. One
// goroutine per connection reads for all of them, and wakes each worker when its response is complete. Content that has
// to wait for a window or for room is sent without its worker, the oldest first.
//
// A [Pool] holds the connections to one target and the requests waiting for a stream. A [Request] is a target's request,
// encoded once. An [Exchange] is one use of it, and [Pool.Do] performs it. A [Call] takes in the response for a protocol
// above HTTP, such as gRPC.
//
// A request goes out twice only if the server says, without an error, that it has not processed it, and that is counted.
// One timer of the pool ends requests at their deadlines. What a peer sends is bounded: its headers, the frames that
// advance no response, and the bytes that wait for it to read.
//
// The write side of a connection has three parts. The writer collects frames and writes them in batches; the comment on
// writerState has a table of its states. The outlet lies below TLS and keeps bytes until the system has room for them.
// The lastFrames ends the connection: it tells the peer why, and closes it. Workers and the reader never wait for a peer
// to read.
package http2

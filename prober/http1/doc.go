// Package http1 does exchanges over connections of HTTP/1 (RFC 9112): one request on a
// connection at a time, and no pipelining.
//
// A [Pool] holds the connections to one target. A [Request] is a target's request, encoded
// once. An [Exchange] is one use of it, with its varying parts and what is kept of its
// response. [Pool.Do] takes a warm connection or dials, writes, and reads on the goroutine
// of its caller. Content too long for one write has another goroutine until it is written.
// No connection has a goroutine while it is idle.
//
// The parser is stricter than net/http where two readers could disagree on the end of a
// response. A connection is used again only if the request went out whole, the response
// ended in order, and nothing followed it. What is read of a response is bounded: its
// header, its informational responses, its content, and the framing of its chunks. The
// deadline of the request ends every read and write.
package http1

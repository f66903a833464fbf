// Package grpc is the engine of gRPC targets: each request is one call, unary or with a
// stream of answers. Many calls share a connection of HTTP/2.
//
// An [Engine] is compiled once from one [Config], or several, for a target. Only the types
// of its methods may come later, by [Reflect] and [Engine.Describe]: new calls use them,
// and calls under way go on with the plan that they began with.
//
// The goroutine that reads a connection splits an answer into messages as they come. After
// the end of the answer, the worker judges the status and the kept message. Only the first
// message is kept, and only if somebody looks at it. Every message is bounded as it was
// sent and as it is decompressed.
//
// Connections, streams and deadlines are those of package http2. Every failure has the code
// that grpc-status, HTTP or the framing gives it, and what a server sends as text is quoted
// and cut.
package grpc

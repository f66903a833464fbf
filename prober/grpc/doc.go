// Package grpc is the engine of gRPC targets: each request is one call, unary or with a
// stream of answers. Many calls share a connection of HTTP/2.
//
// An [Engine] is compiled once for a target and never changed. The goroutine that reads a
// connection splits an answer into messages as they come. After the end of the answer, the
// worker judges the status and the kept message.
package grpc

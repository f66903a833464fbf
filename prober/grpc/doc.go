// Package grpc is the engine of targets that speak gRPC: each request is one call, unary or
// with a stream of answers, over connections of HTTP/2 that many calls share.
//
// An [Engine] is compiled once for a target and never changed. The goroutine that reads a
// connection takes the messages of an answer apart as they come; the worker judges the
// status and what was kept when the answer has ended.
package grpc

// Package protoset has the types of gRPC methods. It finds them in descriptors of Protocol
// Buffers, encodes messages from JSON, and checks answers against expectations. It has the
// health service built in.
//
// [Parse] reads a FileDescriptorSet into a [Set], and [Join] makes one of the files that a
// server sends by reflection. A [Method] encodes its messages, and [Method.Expect] compiles
// an [Expectation] of its answers.
package protoset

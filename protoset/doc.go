// Package protoset has the types of gRPC methods. It finds them in descriptors of Protocol Buffers, encodes messages
// from JSON, and checks answers against expectations. It has the health service built in.
package protoset

// Package protoset has the types of gRPC methods: it finds them in descriptors of Protocol
// Buffers, makes messages of JSON, and holds answers against what is expected of them. It
// knows the health service by itself.
package protoset

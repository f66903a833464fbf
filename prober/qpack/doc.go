// Package qpack encodes and decodes the field sections of HTTP/3 (RFC 9204) without a
// dynamic table: the prober allows its peers none and uses none of theirs. So a section
// depends on nothing before it, and no stream waits for another.
//
// A [Decoder] passes the fields of a section to an [hpack.Header] and decodes into space
// that it uses again. AppendField and AppendLiteral encode. Integers, strings and their
// Huffman code are those of package hpack. Whatever refers to a dynamic table is a fault of
// the peer, and ends the connection.
package qpack

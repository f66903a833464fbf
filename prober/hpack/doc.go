// Package hpack decodes the header blocks of HTTP/2 (RFC 7541) into space that it uses
// again, and appends literals to them. It does not judge the content of fields.
//
// A [Decoder] holds the dynamic table of one connection and passes fields to a [Header].
// [Marks] keeps the verdict of a judge with each entry of a table, so that a field sent by
// its index is not judged again. Package qpack uses the integers and strings for HTTP/3.
//
// Decoding allocates nothing in the steady state. The table takes a fixed amount of memory,
// whatever a peer puts in.
package hpack

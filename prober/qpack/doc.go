// Package qpack encodes and decodes the field sections of HTTP/3 (RFC 9204) without a
// dynamic table: the prober allows its peers none and uses none of theirs. So a section
// depends on nothing before it, and no stream waits for another.
package qpack

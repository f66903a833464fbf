// Package head parses the status line and the fields of a response of HTTP/1 (RFC 9112,
// sections 4 to 6), and knows no connection: its callers read.
//
// A [Scan] looks for the end of a header in the bytes received so far, and judges each line
// as soon as it has come. So nobody waits for a peer that sends nonsense and then nothing.
// A [Header] is the result of parsing a whole header; its fields point into the received
// bytes, so that nothing is allocated for them.
//
// The package refuses whatever leaves the end of a message in doubt, also where RFC 9112
// lets a recipient repair it. Each fault has a code, and most show the bytes at fault.
package head

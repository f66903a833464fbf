// Package head parses the status line and the fields of a response of HTTP/1 (RFC 9112,
// sections 4 to 6). It judges a line as soon as it has come. So nobody waits for a peer
// that sends nonsense and then nothing.
package head

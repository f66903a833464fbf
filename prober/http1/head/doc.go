// Package head parses the status line and the fields of a response of HTTP/1 (RFC 9112,
// sections 4 to 6). It judges a line as soon as that has come, so that a peer that says
// nonsense and then nothing is not waited for.
package head

// Package message has what a message of HTTP holds whichever version carries it: the syntax
// of its fields, the fields that are kept of a response, the content of a request, and the
// fields that differ from request to request (RFC 9110, sections 5 and 6). It knows of no
// connection.
package message

// Package message has the parts of an HTTP message common to all versions: the syntax of
// its fields, the kept fields of a response, the content of a request, and the fields that
// differ from request to request (RFC 9110, sections 5 and 6). It knows of no connection.
package message

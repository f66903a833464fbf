// Package message has the parts of an HTTP message common to all versions: the syntax of
// its fields, the kept fields of a response, the content of a request, and the fields that
// differ from request to request (RFC 9110, sections 5 and 6). It knows of no connection.
//
// A [Request] is what a target is sent, for each version to encode. [Varying] says which
// parts of it differ, and a [Stamp] has these for one request. A [Section] takes in the
// decoded header or trailers of HTTP/2 and HTTP/3, and judges them. Their space is used
// again.
package message

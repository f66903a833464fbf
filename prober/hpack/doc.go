// Package hpack decodes the header blocks of HTTP/2 (RFC 7541) into space that it uses
// again, and appends literals to them. It does not judge the content of fields.
package hpack

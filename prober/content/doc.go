// Package content keeps what is wanted of responses: fields of their headers, and bodies,
// which it decodes to find out whether they can be and to have them looked at. What it takes
// of memory is bounded for all requests together.
package content

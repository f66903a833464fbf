// Package content keeps the wanted parts of responses: fields of their headers, and bodies.
// It decodes bodies to find out whether they can be, and to have them looked at. Its memory
// is bounded for all requests together.
package content

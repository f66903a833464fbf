//go:build plan9 || wasip1

package errcode

// errnoOf finds nothing: Plan 9 has no error numbers, and its error texts are
// not looked at; WASI has no sockets to dial with.
func errnoOf(error) (errnoKind, bool) { return errnoNone, false }

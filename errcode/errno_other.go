//go:build plan9 || wasip1

package errcode

// errnoOf finds nothing: Plan 9 has error texts instead of numbers, and errcode ignores
// texts; WASI has no sockets to dial with.
func errnoOf(error) (errnoKind, bool) { return errnoNone, false }

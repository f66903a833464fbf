//go:build !unix

package transport

import "syscall"

// peekFD finds every idle connection alive where sockets cannot be looked at
// without waiting: a request on a dead one is then counted as closed_reused.
func (s *stream) peekFD(uintptr) { s.peekLen, s.peekErr = 0, syscall.EAGAIN }

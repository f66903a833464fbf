//go:build !unix

package wire

import "syscall"

// reserve has nothing to keep: here descriptors are not numbered up to a limit.
type reserve struct{}

func newReserve() reserve { return reserve{} }

func (reserve) keep(syscall.RawConn) error { return nil }

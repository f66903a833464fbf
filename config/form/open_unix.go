//go:build unix

package form

import "syscall"

// openAtOnce opens a pipe without waiting for a writer.
const openAtOnce = syscall.O_NONBLOCK

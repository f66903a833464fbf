//go:build unix

package wire

import "syscall"

const canWriteAtOnce = true

// writeAtOnce writes as much as there is room for in a socket that never blocks. A part of
// a message is as good as none here: what did not fit is lost with the connection.
func writeAtOnce(fd uintptr, p []byte) (int, error) {
	n, err := syscall.Write(int(fd), p)
	if err == nil && n < len(p) {
		err = errNoRoom
	}
	return max(n, 0), err
}

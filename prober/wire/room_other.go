//go:build !linux

package wire

// DatagramRoom returns 0: there is no known way to find out how many bytes of datagrams the
// system keeps for a socket.
func DatagramRoom() (allowed, wanted int) { return 0, 0 }

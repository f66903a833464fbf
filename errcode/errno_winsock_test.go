package errcode

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Windows numbers are sorted by a plain function, so every system tests them.
func TestWindowsNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		number      uintptr
		local       Code
		dial, later Code
	}{
		{"ERROR_TOO_MANY_OPEN_FILES", 4, LocalResources, 0, 0},
		{"ERROR_ACCESS_DENIED", 5, LocalDenied, 0, 0},
		{"ERROR_NOT_ENOUGH_MEMORY", 8, LocalResources, 0, 0},
		{"ERROR_NETNAME_DELETED", 64, OK, Reset, Reset},
		{"ERROR_BROKEN_PIPE", 109, OK, BrokenPipe, BrokenPipe},
		{"ERROR_SEM_TIMEOUT", 121, OK, DialTimeout, ConnectionTimeout},
		{"ERROR_CONNECTION_REFUSED", 1225, OK, Refused, TCPErrno},
		{"ERROR_NETWORK_UNREACHABLE", 1231, OK, NetworkUnreachable, TCPErrno},
		{"ERROR_HOST_UNREACHABLE", 1232, OK, HostUnreachable, TCPErrno},
		{"ERROR_CONNECTION_ABORTED", 1236, OK, Aborted, Aborted},
		{"WSAEACCES", 10013, LocalDenied, 0, 0},
		{"WSAEINVAL", 10022, OK, DialErrno, TCPErrno},
		{"WSAEMFILE", 10024, LocalResources, 0, 0},
		{"WSAEADDRINUSE", 10048, LocalPorts, 0, 0},
		{"WSAEADDRNOTAVAIL", 10049, LocalPorts, 0, 0},
		{"WSAENETDOWN", 10050, OK, NetworkUnreachable, TCPErrno},
		{"WSAENETUNREACH", 10051, OK, NetworkUnreachable, TCPErrno},
		{"WSAENETRESET", 10052, OK, Reset, Reset},
		{"WSAECONNABORTED", 10053, OK, Aborted, Aborted},
		{"WSAECONNRESET", 10054, OK, Reset, Reset},
		{"WSAENOBUFS", 10055, LocalResources, 0, 0},
		{"WSAENOTCONN", 10057, OK, DialErrno, TCPErrno},
		{"WSAESHUTDOWN", 10058, OK, BrokenPipe, BrokenPipe},
		{"WSAETIMEDOUT", 10060, OK, DialTimeout, ConnectionTimeout},
		{"WSAECONNREFUSED", 10061, OK, Refused, TCPErrno},
		{"WSAEHOSTDOWN", 10064, OK, HostUnreachable, TCPErrno},
		{"WSAEHOSTUNREACH", 10065, OK, HostUnreachable, TCPErrno},
	} {
		kind := windowsErrno(c.number)
		f := facts{socket: true}
		f.number(kind)
		if c.local != OK {
			assert.Equal(t, c.local, f.code(), c.name)
			continue
		}
		assert.Equal(t, c.later, f.code(), c.name)
		f.dialling = true
		assert.Equal(t, c.dial, f.code(), c.name)
	}
}

func TestTheTableIsAscending(t *testing.T) {
	t.Parallel()
	all := slices.Concat(tables[:]...)
	for i := range len(all) - 1 {
		assert.Less(t, all[i].code, all[i+1].code)
	}
}

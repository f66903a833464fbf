//go:build linux && !386 && !s390x

package wire

import (
	"os"
	"syscall"
	"unsafe"

	"example.com/prober/prober/probe"
)

// receipt reads a socket and asks the kernel when the bytes arrived (SO_TIMESTAMPNS,
// socket(7)). The kernel gives the time of the last segment with some of the bytes. Segments
// it has joined count as the last of them. The end of the stream has no time.
type receipt struct {
	// message, vector and control are fields and not local variables, so that a read
	// allocates nothing.
	message syscall.Msghdr
	vector  syscall.Iovec
	control struct {
		head syscall.Cmsghdr
		time syscall.Timespec
	}
	inUse   bool
	clock   probe.WallClock
	arrival probe.Arrival
}

// use has the kernel say when bytes arrive on the socket of raw. It returns false if the
// kernel cannot.
func (r *receipt) use(raw syscall.RawConn) bool {
	if !stamp(raw) {
		return false
	}
	r.message.Iov, r.message.Iovlen = &r.vector, 1
	r.message.Control = (*byte)(unsafe.Pointer(&r.control))
	r.inUse = true
	return true
}

// stamp has the kernel note when bytes arrive on the socket of raw, and reports whether it
// does.
func stamp(raw syscall.RawConn) bool {
	var refused error
	err := raw.Control(func(fd uintptr) { refused = stampArrivals(int(fd)) })
	return err == nil && refused == nil
}

// timeArrivals does the same for c.
func timeArrivals(c syscall.Conn) bool {
	raw, err := c.SyscallConn()
	return err == nil && stamp(raw)
}

// stampIn returns when the datagram with these control messages arrived, in nanoseconds since
// 1970, if they say so.
func stampIn(control []byte) (wall int64, ok bool) {
	const align = int(unsafe.Sizeof(uintptr(0)))
	for len(control) >= syscall.SizeofCmsghdr {
		var h syscall.Cmsghdr
		copy((*[syscall.SizeofCmsghdr]byte)(unsafe.Pointer(&h))[:], control)
		size := int(h.Len)
		if size < syscall.SizeofCmsghdr || size > len(control) {
			return 0, false
		}
		var at syscall.Timespec
		payload := control[syscall.SizeofCmsghdr:size]
		// The bytes are copied into a variable: a control message need not be aligned for
		// its type.
		if h.Level == syscall.SOL_SOCKET && h.Type == syscall.SCM_TIMESTAMPNS && len(payload) >= int(unsafe.Sizeof(at)) {
			copy((*[unsafe.Sizeof(at)]byte)(unsafe.Pointer(&at))[:], payload)
			return at.Nano(), true
		}
		control = control[min((size+align-1)&^(align-1), len(control)):]
	}
	return 0, false
}

// stampArrivals has the kernel note when bytes arrive on the socket.
func stampArrivals(fd int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1))
}

// receive reads the bytes there are, without waiting. p is not empty. flags are those of
// recvmsg(2).
func (r *receipt) receive(fd uintptr, p []byte, flags int) (int, syscall.Errno) {
	r.vector.Base = &p[0]
	r.vector.SetLen(len(p))
	r.message.SetControllen(int(unsafe.Sizeof(r.control)))
	n, errno := receiveNow(fd, p, &r.message, flags)
	// A socket that waits must not keep the buffer of its last reader alive.
	r.vector.Base = nil
	if errno == 0 {
		r.note()
	}
	return n, errno
}

// skipped is where a kernel would put skipped bytes if it did not drop them (MSG_TRUNC, tcp(7)).
// Nobody reads it.
var skipped [256 << 10]byte

// dropping is the flag to drop received bytes instead of copying them.
const dropping = syscall.MSG_TRUNC

func (r *receipt) note() {
	c := &r.control
	if uintptr(r.message.Controllen) < unsafe.Sizeof(*c) || c.head.Level != syscall.SOL_SOCKET || c.head.Type != syscall.SCM_TIMESTAMPNS {
		r.arrival = probe.Arrival{Read: probe.Now(), Asked: true} // as at the end of a stream
		return
	}
	r.arrival = r.clock.Arrival(c.time.Nano())
}

// glance returns EAGAIN if there is nothing to read, not even an end, and 0 if there is
// something. Another error is that of the socket; the kernel tells it only once. It never
// waits. The caller must report such an error, since no later call will.
func glance(fd uintptr) syscall.Errno {
	var one [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&one)), 1, syscall.MSG_PEEK, 0, 0)
	return errno
}

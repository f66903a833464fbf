package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"example.com/prober/prober/probe"
)

// Socket is a TCP connection read and written by bare system calls. It uses the runtime's
// poller to wait.
//
// Package net tells the scheduler of every system call, in case it takes long. A call on a
// socket that never blocks takes a microsecond. To tell the scheduler wakes a thread of the
// runtime whenever the process had nothing to do before: at a few thousand wake-ups per
// second this is a tenth of the cost of a request. This holds only while calls cannot
// block: the descriptor must be non-blocking.
type Socket struct {
	net.Conn
	raw     syscall.RawConn
	in, out transfer
	ahead   ahead
	// receipt has the kernel say when the bytes arrived, if it is in use.
	receipt receipt
	// glances means that a read first looks whether there is anything. Right after a request
	// there is usually nothing, and then to look costs less than to ask for the time as well.
	glances bool
	// packets means that reads return datagrams: an empty one is no end.
	packets bool
	// prompt reports whether the last read found something at its first attempt.
	prompt bool
	// Read calls beforeRead, if set, first of all. It calls beforeWait if it finds nothing
	// and is going to wait.
	beforeRead, beforeWait func()
}

// transfer is the read or the write under way.
type transfer struct {
	// attempt is a method value made once, so handing it on allocates nothing.
	attempt func(fd uintptr) (done bool)
	p       []byte
	n       int
	errno   syscall.Errno
	hasty   bool // do not wait
	flags   int  // of recvmsg(2)
	waited  bool // this is not the first attempt
}

// newSocket returns nil if c has no descriptor.
func newSocket(c net.Conn) *Socket {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	if own, ok := raw.(*tcpRaw); ok {
		raw = own.RawConn // its errors are turned into those of package net below
	}
	s := &Socket{Conn: c, raw: raw}
	_, s.packets = c.(*net.UDPConn)
	s.in.attempt, s.out.attempt = s.tryRead, s.tryWrite
	return s
}

// Read waits for at least one byte.
func (s *Socket) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return s.read(p, 0)
}

// Skip waits for at least one byte and drops up to n bytes.
func (s *Socket) Skip(n int64) (int, error) {
	return s.read(skipped[:min(n, int64(len(skipped)))], dropping)
}

func (s *Socket) read(p []byte, flags int) (int, error) {
	if s.beforeRead != nil {
		s.beforeRead()
	}
	s.in.p, s.in.flags, s.in.n, s.in.errno, s.in.waited = p, flags, 0, 0, false
	// The poller calls attempt again whenever the socket may have something, until it
	// returns true or a deadline passes: Stream sets that deadline.
	err := s.raw.Read(s.in.attempt)
	s.in.p = nil
	switch {
	case err != nil:
		return 0, s.called(err, "read")
	case s.in.errno != 0:
		return 0, s.failure("read", s.in.errno)
	case s.in.n == 0 && !s.packets:
		return 0, io.EOF
	}
	return s.in.n, nil
}

// time has the kernel say when bytes arrived, and reports whether it does. The socket is
// then one of many, each with its own reader.
func (s *Socket) time() bool {
	s.glances = s.receipt.use(s.raw)
	return s.glances
}

// share makes s a socket with one reader for many requests.
func (s *Socket) share() { s.glances = false }

// arrival returns when the bytes of the last read arrived.
func (s *Socket) arrival() probe.Arrival {
	if s == nil || !s.receipt.inUse {
		return probe.Arrival{Read: probe.Now()}
	}
	return s.receipt.arrival
}

// Write writes all of p.
func (s *Socket) Write(p []byte) (int, error) { return s.write(p, false) }

// WriteNow writes as much of p as there is room for, perhaps nothing. A full buffer is no
// error.
func (s *Socket) WriteNow(p []byte) (int, error) { return s.write(p, true) }

func (s *Socket) write(p []byte, hasty bool) (int, error) {
	s.out.p, s.out.n, s.out.errno, s.out.hasty = p, 0, 0, hasty
	err := s.raw.Write(s.out.attempt)
	s.out.p = nil
	switch {
	case err != nil:
		return s.out.n, s.called(err, "write")
	case s.out.errno != 0:
		return s.out.n, s.failure("write", s.out.errno)
	}
	return s.out.n, nil
}

func (s *Socket) tryRead(fd uintptr) (done bool) {
	t := &s.in
	for {
		n, errno := s.receive(fd, t.p)
		switch errno {
		case 0:
			t.n = n
			s.prompt = !t.waited
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			if s.beforeWait != nil {
				s.beforeWait()
			}
			t.waited, s.prompt = true, false
			return false
		default:
			t.errno = errno
			return true
		}
	}
}

func (s *Socket) receive(fd uintptr, p []byte) (int, syscall.Errno) {
	if !s.receipt.inUse {
		return readNow(fd, p)
	}
	if s.glances && !s.in.waited && !s.prompt {
		if errno := glance(fd); errno != 0 {
			return 0, errno
		}
	}
	return s.receipt.receive(fd, p, s.in.flags)
}

func (s *Socket) tryWrite(fd uintptr) (done bool) {
	t := &s.out
	for t.n < len(t.p) {
		n, errno := writeNow(fd, t.p[t.n:])
		switch errno {
		case 0:
			t.n += n
		case syscall.EINTR:
		case syscall.EAGAIN:
			return t.hasty
		default:
			t.errno = errno
			return true
		}
	}
	return true
}

// failure returns the error of package net for errno.
func (s *Socket) failure(op string, errno syscall.Errno) error {
	return &net.OpError{Op: op, Net: s.LocalAddr().Network(), Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: os.NewSyscallError(op, errno)}
}

// called gives an error of a [syscall.RawConn] the name that the operation has elsewhere.
func (s *Socket) called(err error, op string) error {
	if own, ok := s.Conn.(*tcpConn); ok {
		return own.failure(op, err)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		e.Op = op
	}
	return err
}

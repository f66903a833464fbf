package wire

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"example.com/prober/prober/probe"
)

// Stream is a TCP connection with reads and writes that end at the deadline of the request
// under way.
//
// Setting a deadline of the runtime's poller for every request would cost as much as
// parsing the answer. So the poller's deadline may lie before the request's: an operation
// that wakes too early sets it anew and goes on. It lies below TLS, since a tls.Conn does
// not survive a write that timed out. One goroutine reads and one writes; Abort, HaltWrites
// and Yield may be called by others.
type Stream struct {
	// Conn is never replaced: Abort reads it, and any goroutine may call Abort.
	net.Conn
	// Reads use from, and writes use to. Each is Conn, or a socket over it.
	from     io.Reader
	to       io.Writer
	timed    *Socket // the socket with the arrival of bytes, or nil
	Deadline probe.Instant
	// armedRead and armedWrite are the deadlines known to the poller; never after Deadline
	// while an operation runs.
	armedRead  probe.Instant
	armedWrite probe.Instant
	aborted    atomic.Bool
	halted     atomic.Bool // nothing more is to be written
	// ceiling is told when the connection is closed.
	ceiling *probe.Ceiling
	closed  atomic.Bool
	// sink, if set, takes all writes, and never waits.
	sink io.Writer
	// leaving means that the connection is about to be closed: writes go out if there is room
	// for them, and are lost otherwise.
	leaving bool

	look look
}

// leaveTime is how long the last write of a connection may take if there is no known way to
// write without waiting.
const leaveTime = 100 * time.Millisecond

// errNoRoom is why the last write of a connection did not happen.
var errNoRoom = errors.New("there is no room to write without waiting")

// ErrHalted ends a write that HaltWrites has made pointless.
var ErrHalted = errors.New("the writing was given up")

// MaxAhead is the largest number of parts for [Stream.WriteAhead].
const MaxAhead = 8

// longAgo is a deadline that has always passed.
var longAgo = time.Unix(1, 0)

// NewStream returns a stream over c. c belongs to it from then on.
func NewStream(c net.Conn, deadline probe.Instant) *Stream {
	s := &Stream{Conn: c, from: c, to: c, Deadline: deadline}
	if sc, ok := c.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			s.look.raw = raw
			s.look.receive = s.look.receiveFD
		}
	}
	return s
}

// time has the kernel say when bytes arrive. If it cannot, the program's clock is used.
func (s *Stream) time() {
	if below := newSocket(s.Conn); below != nil && below.time() {
		s.from, s.to, s.timed = below, below, below
	}
}

// Arrival returns when the bytes of the last read arrived. TLS may have found more in them
// than it has yielded yet.
func (s *Stream) Arrival() probe.Arrival {
	return s.timed.arrival()
}

// Read reads until the stream's deadline. It returns context.Canceled once the
// stream is aborted.
func (s *Stream) Read(p []byte) (int, error) {
	if s.look.reach != reachAll {
		return s.look.read(p)
	}
	return s.receive(p, 0)
}

// CanSkip reports whether Skip can be called.
func (s *Stream) CanSkip() bool { return canSkip && s.timed != nil }

// Skip is Read for up to n bytes that nobody wants to see: the kernel drops them, without
// copying them to the program.
func (s *Stream) Skip(n int64) (int, error) { return s.receive(nil, n) }

// receive reads into p, or skips up to so many bytes.
func (s *Stream) receive(p []byte, skip int64) (n int, err error) {
	for {
		if s.armedRead == 0 || s.armedRead > s.Deadline {
			if err := s.armRead(); err != nil {
				return 0, err
			}
		}
		if skip > 0 {
			n, err = s.timed.Skip(skip)
		} else {
			n, err = s.from.Read(p)
		}
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if s.aborted.Load() {
			return 0, context.Canceled
		}
		if probe.Now() >= s.Deadline {
			return 0, err
		}
		// The poller woke for the deadline of an earlier request: this one has time left.
		s.armedRead = 0
	}
}

// Write writes all of p unless the deadline passes or the stream is aborted.
func (s *Stream) Write(p []byte) (int, error) {
	if s.sink != nil {
		return s.sink.Write(p)
	}
	if s.leaving {
		return s.writeLast(p)
	}
	done := 0
	for {
		if s.armedWrite == 0 || s.armedWrite > s.Deadline {
			if err := s.armWrite(); err != nil {
				return done, err
			}
		}
		n, err := s.to.Write(p[done:])
		done += n
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return done, err
		}
		switch {
		// The order matters: Abort, HaltWrites and a deadline all show as the same error of
		// the poller, and an abort outweighs the others.
		case s.aborted.Load():
			return done, context.Canceled
		case s.halted.Load():
			return done, ErrHalted
		case probe.Now() >= s.Deadline:
			return done, err
		}
		s.armedWrite = 0
	}
}

// WriteAhead writes as much of parts as there is room for, perhaps nothing, and does not wait.
// TLS cannot be above the stream.
func (s *Stream) WriteAhead(parts [][]byte) (int, error) {
	if s.timed == nil || s.sink != nil || s.leaving {
		return 0, nil
	}
	n, err := s.timed.WriteAhead(parts)
	if errors.Is(err, os.ErrDeadlineExceeded) { // that of a request before, or an abort, which Write tells apart
		return 0, nil
	}
	return n, err
}

// Share lets many requests use the connection at the same time: it is read without end, and
// all writes go to sink. It returns the socket below, or nil if there is no known way to
// write without waiting. The reader of a socket calls beforeRead first of all, and beforeWait
// when it is going to wait.
func (s *Stream) Share(sink io.Writer, beforeRead, beforeWait func()) (*Socket, error) {
	s.sink = sink
	below := s.timed
	if below == nil {
		below = newSocket(s.Conn)
	}
	if below != nil {
		s.from, s.to = below, below
		below.share()
		below.beforeRead, below.beforeWait = beforeRead, beforeWait
	}
	s.Deadline, s.armedRead = probe.Never, probe.Never
	if err := s.SetDeadline(time.Time{}); err != nil {
		return below, err
	}
	return below, s.undoIfAborted()
}

// WriteBelow writes p to the socket found by Share, and waits until there is room.
func (s *Stream) WriteBelow(p []byte) error {
	_, err := s.to.Write(p)
	return err
}

// InterruptWrites ends the write under way and all later ones.
func (s *Stream) InterruptWrites() {
	_ = s.SetWriteDeadline(longAgo) // fails only on a closed connection
}

// IsClosed reports whether the connection was closed, or is about to be.
func (s *Stream) IsClosed() bool { return s.closed.Load() }

// IsAborted reports whether Abort was called.
func (s *Stream) IsAborted() bool { return s.aborted.Load() }

// leave closes the connection by way of top: the stream itself, or TLS over it, which then
// announces its end. It does not wait for a peer that does not read.
func (s *Stream) leave(top io.Closer) {
	s.leaving = true
	// crypto/tls gives its close_notify up to five seconds. With leaving set, it goes out
	// at once or not at all.
	_ = top.Close() // nothing depends on how the end went
}

// writeLast writes p if there is room for it.
func (s *Stream) writeLast(p []byte) (n int, err error) {
	if s.look.raw == nil || !canWriteAtOnce {
		_ = s.SetWriteDeadline(time.Now().Add(leaveTime)) // fails only on a closed connection
		return s.Conn.Write(p)
	}
	failed := s.look.raw.Control(func(fd uintptr) { n, err = writeAtOnce(fd, p) })
	return n, cmp.Or(failed, err)
}

// Close closes the connection, and makes room under the ceiling of connections.
func (s *Stream) Close() error {
	if s.closed.CompareAndSwap(false, true) {
		s.ceiling.Release()
	}
	return s.Conn.Close()
}

// Yield keeps the connection's room under the ceiling for the caller. It returns false if
// the connection is closed already. Close then gives nothing back. So whoever evicts an
// idle connection has its room without a moment in which another request could take it.
func (s *Stream) Yield() bool { return s.closed.CompareAndSwap(false, true) }

// Abort ends the operation under way and all later ones with context.Canceled.
// It may be called from any goroutine.
func (s *Stream) Abort() {
	s.aborted.Store(true)
	_ = s.SetDeadline(longAgo) // fails only on a closed connection, which is as good
}

// arm sets both deadlines of a connection at once, before anything is read or written. This
// costs less than one after the other.
func (s *Stream) arm() error {
	if s.armedRead != 0 || s.armedWrite != 0 {
		return nil
	}
	if err := s.SetDeadline(s.Deadline.Time()); err != nil {
		return err
	}
	s.armedRead, s.armedWrite = s.Deadline, s.Deadline
	return s.undoIfAborted()
}

func (s *Stream) armRead() error {
	if err := s.SetReadDeadline(s.Deadline.Time()); err != nil {
		return err
	}
	s.armedRead = s.Deadline
	return s.undoIfAborted()
}

func (s *Stream) armWrite() error {
	if err := s.SetWriteDeadline(s.Deadline.Time()); err != nil {
		return err
	}
	s.armedWrite = s.Deadline
	// HaltWrites may have come before the deadline was set above, which undid it.
	if s.halted.Load() {
		return ErrHalted
	}
	return s.undoIfAborted()
}

// HaltWrites ends the write under way and all later ones. It may be called while
// another goroutine writes.
func (s *Stream) HaltWrites() {
	s.halted.Store(true)
	_ = s.SetWriteDeadline(longAgo) // fails only on a closed connection
}

// ResumeWrites undoes HaltWrites when nobody writes any more. It does not complete a write
// given up in the middle.
func (s *Stream) ResumeWrites() {
	s.halted.Store(false)
	s.armedWrite = 0
}

// undoIfAborted repeats the work of an Abort that came while a deadline was set. Without
// this, the new deadline would replace that of the Abort, and the operation would wait as
// if nobody had asked for its end. aborted is set before the deadline, so one of the two
// sees the other.
func (s *Stream) undoIfAborted() error {
	if !s.aborted.Load() {
		return nil
	}
	_ = s.SetDeadline(longAgo)
	return context.Canceled
}

// PeerHungUp reports whether a failed write means that the peer has stopped reading. The peer
// may have sent its answer before; then the answer counts. After a failed dial it means that
// the peer had accepted: before that, a reset is a refusal.
func PeerHungUp(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
}

package http2

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

var errWrite = errors.New("a write that fails")

// writerRig is a writer in a test. The test stands for the connection, with TLS and the rest of HTTP/2. There is no
// socket: the outlet keeps everything written below TLS.
type writerRig struct {
	w    *writer
	mu   mutex
	fate error // of the next write

	seen sync.Mutex // guards the fields below
	// during is called once, during the next write.
	during func()
	// done lists the visible actions since watch was called. state is the state of the writer at the first look after
	// that.
	done    []string
	state   writerState
	watched bool
	looked  bool
}

// rigTop stands for TLS.
type rigTop struct{ *writerRig }

// rigConn stands for the connection of the system.
type rigConn struct {
	net.Conn
	*writerRig
}

func newWriterRig() *writerRig {
	r := new(writerRig)
	o := &outlet{stream: wire.NewStream(rigConn{writerRig: r}, probe.Never)}
	r.w = newWriter(&r.mu, r, rigTop{r}, o, newFarewell(rigTop{r}, o))
	alone := r.w.writeAlone
	r.w.writeAlone = func() {
		r.note("starts")
		r.look()
		alone()
	}
	return r
}

func (t rigTop) Write(p []byte) (int, error) {
	if len(p) >= 17 && http2.FrameType(p[len(p)-17+3]) == http2.FrameGoAway {
		t.note("says goodbye")
		return len(p), nil
	}
	t.note("writes")
	return t.write(p)
}

func (t rigTop) Close() error {
	t.note("closes TLS")
	return nil
}

func (c rigConn) Write(p []byte) (int, error) {
	c.note("waits")
	return c.write(p)
}

func (c rigConn) Close() error {
	c.note("closes")
	c.locked(func() {}) // the system waits for the reader, which may need the mutex
	return nil
}

func (c rigConn) SetWriteDeadline(at time.Time) error {
	if at.Equal(time.Unix(1, 0)) {
		c.note("interrupts")
	}
	return nil
}

func (c rigConn) SetDeadline(time.Time) error { return nil }

func (r *writerRig) write(p []byte) (int, error) {
	r.look()
	r.seen.Lock()
	during := r.during
	r.during = nil
	r.seen.Unlock()
	if during != nil {
		during()
	}
	if err := r.fate; err != nil {
		return 0, err
	}
	return len(p), nil
}

func (r *writerRig) isShared() bool { r.note("gathers"); return true }

func (*writerRig) appendWaiting() {}

func (r *writerRig) cannotWrite() { r.note("tells that it cannot write") }

func (*writerRig) readsAgain() {}

// watch forgets the actions so far.
func (r *writerRig) watch() {
	r.seen.Lock()
	defer r.seen.Unlock()
	r.done, r.watched = nil, true
}

func (r *writerRig) note(what string) {
	r.seen.Lock()
	defer r.seen.Unlock()
	if !r.looked {
		r.done = append(r.done, what)
	}
}

// look notes the state, if it is watched and nobody has looked before.
func (r *writerRig) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen.Lock()
	defer r.seen.Unlock()
	if r.watched && !r.looked {
		r.state, r.looked = r.w.state, true
	}
}

// locked calls f with the mutex, as the connection does.
func (r *writerRig) locked(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *writerRig) append() { r.w.out = append(r.w.out, "a frame"...) }

// keep makes the outlet keep something.
func (r *writerRig) keep() { _, _ = r.w.outlet.Write([]byte("kept")) }

// reach brings a fresh writer into a state and then calls then, without the mutex. It returns after everything has
// ended.
func (r *writerRig) reach(t *testing.T, s writerState, then func()) {
	t.Helper()
	ended := func() { r.locked(func() { r.w.end(errRetired) }); then() }
	switch s {
	case writerIdle:
		then()
	case writerPassing:
		r.during = then
		r.locked(func() { r.append(); r.w.flush() })
	case writerResting:
		r.during = then
		r.append()
		r.w.rest()
	case writerWaiting:
		r.during = then
		r.keep()
		r.locked(r.w.flushSoon)
	case writerBroken:
		r.fate = errWrite
		r.locked(func() { r.append(); r.w.flush() })
		r.w.background.Wait()
		then()
	case writerLastPass:
		r.reach(t, writerPassing, ended)
	case writerLastRest:
		r.reach(t, writerResting, ended)
	case writerLastWait:
		r.reach(t, writerWaiting, ended)
	default:
		t.Errorf("there is no way to state %d", s)
	}
	r.w.background.Wait()
	r.look()
}

// fire causes event e in the current state, and looks. An event that follows from a write happens when the write
// returns.
func (r *writerRig) fire(t *testing.T, e writerEvent) {
	t.Helper()
	r.watch()
	switch e {
	case eventFlush:
		r.locked(func() { r.append(); r.w.flush() })
	case eventPass:
		r.append()
		r.w.reading = true
		r.w.pass()
	case eventRest:
		r.append()
		r.w.rest()
	case eventSoon:
		r.locked(func() { r.append(); r.w.flushSoon() })
		return // the new goroutine looks
	case eventEnd:
		r.locked(func() { r.w.end(errRetired) })
	case eventWritten:
		return
	case eventFull:
		r.keep()
		return
	case eventFailed:
		r.fate = errWrite
		return
	default:
		t.Errorf("there is no way to let event %d happen", e)
	}
	r.look()
}

package http1

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"example.com/prober/errcode"
	"example.com/prober/prober/message"
	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

const (
	// maxPart is how many bytes are written at once.
	maxPart = 32 << 10
	// maxAhead is how many bytes a part may have that is written before the goroutine begins. A
	// peer may take them as fast as they come, and meanwhile nobody looks at the deadline.
	maxAhead = 64 << 10
)

// upload writes content too long for one write, on a separate goroutine. Meanwhile the
// response is read: a server may answer and stop reading (RFC 9112, section 9.5). Or it
// may send back what it gets, and stop reading unless that is read. The space of an
// upload is used again for every request of a connection.
type upload struct {
	running bool // start was called, and end was not
	c       *conn
	content *message.Content
	alone   func() // run, so that starting a goroutine with it allocates nothing
	done    chan struct{}
	parts   [][]byte // of a write before the goroutine begins

	// sentAt is the Instant when everything was written, 0 before. The reader of the response
	// looks at it while the goroutine runs.
	sentAt atomic.Int64
	// first is how many bytes were written before the goroutine began.
	first int64
	// sent and err belong to the goroutine until done.
	sent int64
	err  error
}

// ahead returns the header and the beginning of content, to be written at once.
func (u *upload) ahead(header []byte, content *message.Content) [][]byte {
	u.parts = append(u.parts[:0], header)
	for written := int64(0); written < content.Length && len(u.parts) < wire.MaxAhead; {
		part := content.Part(written, int(min(maxAhead, content.Length-written)))
		u.parts = append(u.parts, part)
		written += int64(len(part))
	}
	return u.parts
}

// start has a goroutine write the content from the offset written on.
func (u *upload) start(c *conn, content *message.Content, written int64) {
	if u.done == nil {
		// There is room for the one value of an upload, so run ends whether or not anybody
		// waits for it yet.
		u.done, u.alone = make(chan struct{}, 1), u.run
	}
	u.running, u.c, u.content = true, c, content
	u.first, u.sent, u.err = written, 0, nil
	u.sentAt.Store(0)
	go u.alone()
}

func (u *upload) run() {
	defer func() {
		if p := recover(); p != nil {
			u.err = errcode.Wrap(errcode.Panic, "panic", fmt.Errorf("%v\n%s", p, debug.Stack()))
		}
		u.done <- struct{}{}
	}()
	for length := u.content.Length - u.first; u.sent < length; {
		n, err := u.c.RW.Write(u.content.Part(u.first+u.sent, int(min(maxPart, length-u.sent))))
		u.sent += int64(n)
		if err != nil {
			u.err = err
			return
		}
	}
	u.sentAt.Store(int64(probe.Now()))
}

// note ends the phase send of r at the moment when everything was written, if that was
// before now.
func (u *upload) note(r *probe.Result, now probe.Instant) {
	sentAt := probe.Instant(u.sentAt.Load())
	if u.running && r.Current() == errcode.PhaseSend && sentAt != 0 {
		r.EnterAt(errcode.PhaseProcessing, max(r.Since(), min(sentAt, now)))
	}
}

// end gives up the unwritten rest and waits for the goroutine. It reports whether
// everything was written. err is the reason if not, unless the reason is end itself.
func (u *upload) end(r *probe.Result) (complete bool, err error) {
	if !u.running {
		return true, nil
	}
	select {
	case <-u.done:
	default: // or not yet, though everything was written
		u.c.Stream.HaltWrites()
		// HaltWrites ends the write under way, so this wait does not depend on the peer.
		<-u.done
		u.c.Stream.ResumeWrites()
	}
	u.note(r, probe.Now())
	u.running = false
	r.Sent += u.sent
	switch {
	case errors.Is(u.err, wire.ErrHalted):
		return false, nil
	case u.err != nil:
		return false, u.err
	}
	r.Pass(errcode.PhaseProcessing) // for no time, if the response had begun
	return true, nil
}

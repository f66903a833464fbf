package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"runtime"
	"time"

	"golang.org/x/net/http2"
)

const (
	// outRoom is how much may be waiting to be written before senders of content
	// have to wait.
	outRoom = 64 << 10
	// outStalled is how much waits only if the peer has stopped reading: no stream
	// is opened on such a connection.
	outStalled = 256 << 10
	// maxBatches bounds how long a worker or the reader writes what others append.
	maxBatches = 4
	// farewellTime bounds how long the end of a connection waits for a peer that
	// does not read.
	farewellTime = time.Second
)

// h2writer collects frames and writes them in batches: whoever has something to
// write appends it to out. While the reader is at work, it writes all of that when
// it pauses. Otherwise who has appended takes the role of the writer, if it is free,
// and writes also what others append meanwhile. All is guarded by the mutex of the
// connection.
type h2writer struct {
	out, spare []byte
	writing    bool // the role is taken
	// writeUntil is when the holder must have given up the role, 0 if it can wait
	// for ever.
	writeUntil Instant
	writeErr   error
	// resigned, if set, is closed when the role is given up.
	resigned chan struct{}
	// reading tells that the reader is at work: it will write what is in out.
	reading bool
	// awaited is how many workers were woken, since the reader wrote, and have not
	// opened their next stream.
	awaited int
}

// Write appends the frames that the framer makes.
func (w *h2writer) Write(p []byte) (int, error) {
	w.out = append(w.out, p...)
	return len(p), nil
}

// stalled tells whether the peer seems to have stopped reading.
func (w *h2writer) stalled() bool { return len(w.out) > outStalled }

// send writes the request of st, which is open and whose first frames are in
// out, and returns when that was done; 0 if the stream has ended before.
func (c *h2conn) send(st *h2stream) Instant {
	c.mu.Lock()
	c.flush(st.deadline)
	for st.left > 0 && !st.ended.Load() {
		if c.appendBody(st) {
			c.flush(st.deadline)
			continue
		}
		st.blocked = true
		c.mu.Unlock()
		<-st.wake
		c.mu.Lock()
	}
	left := st.left
	c.mu.Unlock()
	if left > 0 {
		return 0
	}
	return Now()
}

// appendBody appends as much content of st as the windows and the room in out
// allow, and tells whether that was any; mu is held.
func (c *h2conn) appendBody(st *h2stream) bool {
	some := false
	for st.left > 0 {
		n := min(st.left, st.sendWindow, c.sendWindow, int64(c.maxFrame), int64(outRoom-len(c.out)))
		if n <= 0 {
			return some
		}
		c.appendData(st, st.call.part(st.call.length-st.left, int(n)))
		some = true
	}
	return some
}

func (c *h2conn) appendData(st *h2stream, data []byte) {
	n := int64(len(data))
	st.left -= n
	st.sendWindow -= n
	c.sendWindow -= n
	st.sent += frameHeaderSize + n
	c.flood.allow(n)
	var flags http2.Flags
	if st.left == 0 {
		flags = http2.FlagDataEndStream
	}
	c.out = binary.BigEndian.AppendUint32(c.out, uint32(n)<<8|uint32(http2.FrameData))
	c.out = append(c.out, byte(flags))
	c.out = binary.BigEndian.AppendUint32(c.out, st.id)
	c.out = append(c.out, data...)
}

// flush writes what is in out, until the given time at most, unless another
// goroutine is at it and will write this too. mu is held, and released while
// writing.
func (c *h2conn) flush(until Instant) {
	if c.writing || c.reading || len(c.out) == 0 {
		return
	}
	c.writing, c.writeUntil = true, until
	if len(c.open) > 1 {
		// Workers whose responses came together run right after each other. Those
		// that are ready now get to append their next requests to this batch.
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
	}
	c.writeOut(false)
}

// pass is called by the reader before it reads more: workers whose responses have come
// get to append their next requests, so that the peer has something to do meanwhile.
func (c *h2conn) pass() {
	if !c.reading { // which only this goroutine changes
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	const patience = 3 // the scheduler may return before all of them had their turn
	for yields := 0; yields < patience && c.awaited > 0; yields++ {
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
	}
	c.awaited = 0
	c.flushNow()
}

// rest is called by the reader before it waits for more.
func (c *h2conn) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading = false
	c.flushNow()
}

// flushNow writes what is in out as far as there is room for it. What is left is
// written by a goroutine of its own: the reader must never wait for a peer that waits
// for it.
func (c *h2conn) flushNow() {
	if c.writing || len(c.out) == 0 || c.cause != nil {
		return
	}
	c.writing = true
	c.writeOut(true)
}

// writeOut writes until nothing is left and gives up the role, or hands it on, as it
// does when it is hasty and there is no room.
func (c *h2conn) writeOut(hasty bool) {
	for batches := 0; len(c.out) > 0 && c.writeErr == nil && c.cause == nil; batches++ {
		if batches == maxBatches && (hasty || c.writeUntil != 0) {
			c.handOn(c.flushAlone)
			return
		}
		batch := c.out
		c.out, c.spare = c.spare[:0], nil
		c.unblock()
		c.mu.Unlock()
		c.outlet.hasty = hasty
		_, err := c.rw.Write(batch)
		c.mu.Lock()
		c.spare = batch
		switch {
		case err != nil:
			c.writeFailed(err)
		case len(c.outlet.spill) > 0 && c.cause == nil:
			c.handOn(c.drainAlone)
			return
		}
	}
	c.writing, c.writeUntil = false, 0
	if c.resigned != nil {
		close(c.resigned)
		c.resigned = nil
	}
}

// writeFailed lets no more be written. A peer that hung up may have said why
// before, so the reader, which meets the end too, tells what it was.
func (c *h2conn) writeFailed(err error) {
	c.writeErr, c.draining = err, true
	c.out = c.out[:0]
	c.unblock()
	if !peerHungUp(err) {
		_ = c.stream.Close() // ends the reader
	}
}

// flushSoon has what is in out written without holding up the caller.
func (c *h2conn) flushSoon() {
	if c.writing || c.reading || len(c.out) == 0 || c.cause != nil {
		return
	}
	c.writing = true
	c.handOn(c.flushAlone)
}

// handOn gives the role to a goroutine of its own.
func (c *h2conn) handOn(holder func()) {
	c.writeUntil = 0
	c.flushes.Add(1)
	go holder()
}

// flushInBackground holds the role that flushSoon has taken for it.
func (c *h2conn) flushInBackground() {
	defer c.flushes.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeOut(false)
}

// drain takes the role over from a worker whose time ran out while it wrote.
func (c *h2conn) drain() {
	defer c.flushes.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil { // the connection ends otherwise, with a deadline of its own
		_ = c.stream.SetWriteDeadline(time.Time{})
	}
	c.mu.Unlock()
	err := c.outlet.drain()
	c.mu.Lock()
	if err != nil {
		c.writeFailed(err)
	}
	c.writeOut(false)
}

// farewell tells the peer why the connection ends, if that can be done soon. It
// returns false if not even TLS should try.
func (c *h2conn) farewell(cause error) bool {
	code, ok := told(cause)
	if !ok {
		return false
	}
	_ = c.stream.SetWriteDeadline(time.Now().Add(farewellTime))
	_, err := c.rw.Write(c.lastFrames(code))
	return err == nil && len(c.outlet.spill) == 0
}

// lastFrames returns the frames to end with. Nobody writes any more when it
// returns: since the connection has a cause to end, the role of the writer is
// given up, and means nothing to who takes it.
func (c *h2conn) lastFrames(code http2.ErrCode) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing {
		resigned := make(chan struct{})
		c.resigned = resigned
		c.mu.Unlock()
		<-resigned
		c.mu.Lock()
	}
	_ = c.framer.WriteGoAway(0, code, nil)
	last := c.out
	c.out = nil
	return last
}

// greet acknowledges the peer's settings on a connection that no stream could be
// opened on.
func (c *h2conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushSoon()
}

// outlet is the writing side of an HTTP/2 connection below TLS. A write that a
// worker has to give up in the middle cannot be taken back, nor survived by TLS;
// so what could not be written is kept, and taken for written.
type outlet struct {
	*stream

	socket *socket // nil where there can be none
	// spill belongs to who holds the role of the writer, as does hasty: write only
	// what there is room for.
	spill []byte
	hasty bool
}

// newOutlet gives s a socket of its own kind, if there can be one.
func newOutlet(s *stream) *outlet {
	o := &outlet{stream: s, socket: newSocket(s.Conn)}
	if o.socket != nil {
		s.Conn = o.socket
	}
	return o
}

// attach lets s be read without end and written by way of an outlet. The deadline
// of a request means nothing to a connection that many share.
func (o *outlet) attach(c *h2conn) error {
	o.outlet = o
	if o.socket != nil {
		o.socket.beforeRead, o.socket.beforeWait = c.pass, c.rest
	}
	o.deadline, o.armedRead = never, never
	if err := o.SetDeadline(time.Time{}); err != nil {
		return err
	}
	return o.undoIfAborted()
}

// interrupt makes a write under way return.
func (o *outlet) interrupt() { _ = o.SetWriteDeadline(longAgo) }

// write writes p, or keeps what is left of it when it is interrupted or hasty.
func (o *outlet) write(p []byte) (int, error) {
	if len(o.spill) > 0 {
		o.spill = append(o.spill, p...)
		return len(p), nil
	}
	write := o.Conn.Write
	if o.hasty {
		write = o.socket.writeNow
	}
	n, err := write(p)
	switch {
	case err == nil && n < len(p): // there was no room
	case err == nil || !errors.Is(err, os.ErrDeadlineExceeded):
		return n, err
	case o.aborted.Load():
		return n, context.Canceled
	}
	o.spill = append(o.spill, p[n:]...)
	return len(p), nil
}

// drain writes what was kept.
func (o *outlet) drain() error {
	if err := o.undoIfAborted(); err != nil {
		return err
	}
	n, err := o.Conn.Write(o.spill)
	o.spill = append(o.spill[:0], o.spill[n:]...)
	if err != nil && o.aborted.Load() {
		return context.Canceled
	}
	return err
}

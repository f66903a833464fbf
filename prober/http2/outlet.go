package http2

import (
	"context"

	"example.com/prober/prober/wire"
)

// maxKept is how many bytes an outlet keeps for a peer that does not read. The writer stops long before; only messages
// of TLS itself can go on.
const maxKept = 1 << 20

// outlet takes the bytes written on an HTTP/2 connection, below TLS, and never waits. If the system has no room, it
// keeps the rest, in order, until drain writes it. A write that waits would have to be given up when a request runs out
// of time, and TLS does not survive that.
type outlet struct {
	stream *wire.Stream
	socket *wire.Socket // nil if there is no known way to write without waiting

	mu    mutex
	kept  []byte
	spare []byte
	// draining means that drain is writing kept bytes: later writes must come after them.
	draining bool
}

// attach removes the deadlines of the stream and sends its writes through o. The deadline of a request means nothing to
// a connection that many share. If there is a socket, its reader calls beforeRead before each read, and beforeWait when
// it is about to wait.
func (o *outlet) attach(beforeRead, beforeWait func()) (err error) {
	o.socket, err = o.stream.Share(o, beforeRead, beforeWait)
	return err
}

// hasSocket reports whether the reader announces its pauses.
func (o *outlet) hasSocket() bool { return o.socket != nil }

// Write writes as much as there is room for and keeps the rest. TLS calls it for one record after another, from any
// goroutine.
func (o *outlet) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	if o.socket != nil && len(o.kept) == 0 && !o.draining {
		var err error
		if n, err = o.socket.WriteNow(p); err != nil {
			return n, o.explain(err)
		}
	}
	if len(o.kept)+len(p)-n > maxKept {
		return n, errNotReading
	}
	o.kept = append(o.kept, p[n:]...)
	return len(p), nil
}

// isFull reports whether the outlet has kept bytes for drain to write.
func (o *outlet) isFull() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.kept) > 0
}

// drain writes the kept bytes. It waits for a peer that does not read until the connection is closed, aborted or
// interrupted.
func (o *outlet) drain() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.kept) > 0 {
		if o.stream.IsAborted() {
			return context.Canceled
		}
		batch := o.kept
		o.kept, o.spare, o.draining = o.spare[:0], nil, true
		err := o.writeAndWait(batch)
		o.spare, o.draining = batch, false
		if err != nil {
			return o.explain(err)
		}
	}
	return nil
}

// writeAndWait writes p. mu is held, and released meanwhile.
func (o *outlet) writeAndWait(p []byte) error {
	o.mu.Unlock()
	defer o.mu.Lock()
	return o.stream.WriteBelow(p)
}

// interrupt ends drain and all later writes, if there is something to drain.
func (o *outlet) interrupt() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.draining || len(o.kept) > 0 {
		o.stream.InterruptWrites()
	}
}

func (o *outlet) explain(err error) error {
	if o.stream.IsAborted() {
		return context.Canceled
	}
	return err
}

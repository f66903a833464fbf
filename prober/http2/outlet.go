package http2

import (
	"context"

	"example.com/prober/prober/wire"
)

// maxKept is how much an outlet keeps for a peer that does not read. The writer stops
// long before; only what TLS says by itself can go on.
const maxKept = 1 << 20

// outlet takes what is written on an HTTP/2 connection, below TLS, and never waits:
// what the system has no room for is kept, in order, until drain writes it. A write
// that waits would have to be given up when a request runs out of time, and TLS does
// not survive that.
type outlet struct {
	stream *wire.Stream
	socket *wire.Socket // nil where it is not known how to write without waiting

	mu    mutex
	kept  []byte
	spare []byte
	// draining means that what was kept is being written: all else must come after it.
	draining bool
}

// attach lets the stream be read without end, and written by way of o. The deadline of a
// request means nothing to a connection that many share. Where there is a socket, its reader
// calls beforeRead first of all, and beforeWait when it is going to wait.
func (o *outlet) attach(beforeRead, beforeWait func()) (err error) {
	o.socket, err = o.stream.Share(o, beforeRead, beforeWait)
	return err
}

// hasSocket reports whether the reader says when it pauses.
func (o *outlet) hasSocket() bool { return o.socket != nil }

// Write writes what there is room for and keeps the rest. TLS calls it one record
// after another, whoever writes.
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

// isFull reports whether something was kept that drain must write.
func (o *outlet) isFull() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.kept) > 0
}

// drain writes what was kept, and waits for a peer that does not read until the
// connection is closed, aborted or interrupted.
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

// writeAndWait writes p without mu, which is held.
func (o *outlet) writeAndWait(p []byte) error {
	o.mu.Unlock()
	defer o.mu.Lock()
	return o.stream.WriteBelow(p)
}

// interrupt ends drain, if there is something for it to do, and all later writes.
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

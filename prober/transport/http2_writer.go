package transport

import (
	"runtime"

	"example.com/prober/prober/probe"
)

// maxBatches bounds how often a worker or the reader writes what others append.
const maxBatches = 4

// writerState says who writes on an HTTP/2 connection. One goroutine at a time has the
// role of the writer:
//
//	from     event                            to
//	idle     a worker or the reader flushes   passing
//	passing  all is written                   idle
//	passing  no room, or too much to write    waiting
//	waiting  all is written                   idle
//	idle     the connection ends              done
//	passing  the connection has ended         done
//	waiting  the connection has ended         done
//
// Whoever has the role when the connection ends, or takes it to end it, says goodbye and
// closes it. Nobody waits for the role, and only a goroutine that has nothing else to do
// waits for room.
type writerState uint8

const (
	writerIdle    writerState = iota // nobody writes
	writerPassing                    // a worker or the reader writes what there is room for
	writerWaiting                    // a goroutine of its own writes, and waits for room
	writerDone                       // nothing is written any more
)

// h2writer collects frames and writes them in batches: whoever has something to
// write appends it to out. While the reader is at work, it writes all of that when
// it pauses. Otherwise whoever has appended takes the role of the writer, if it is free,
// and writes also what others append meanwhile. All is guarded by the mutex of the
// connection.
type h2writer struct {
	out, spare []byte
	writer     writerState
	writeErr   error
	// reading means that the reader is at work: it will write what is in out.
	reading bool
	// resting means that the reader is about to wait, within a read of the descriptor. It
	// must not close that then: the system would wait for the read to end.
	resting bool
	// awaited is how many workers were woken, since the reader wrote, and have not
	// opened their next stream.
	awaited int
}

// Write appends the frames that the framer makes.
func (w *h2writer) Write(p []byte) (int, error) {
	w.out = append(w.out, p...)
	return len(p), nil
}

// stalled reports whether the peer seems to have stopped reading.
func (w *h2writer) stalled() bool { return len(w.out) > outStalled }

// flush writes what is in out, unless another goroutine is at it and will write this
// too. It does not wait for the peer; mu is held, and released meanwhile.
func (c *h2conn) flush() {
	if c.writer != writerIdle || c.reading || len(c.out) == 0 {
		return
	}
	c.writer = writerPassing
	if len(c.open) > 1 {
		// Workers whose responses came together run right after each other. Those
		// that are ready now get to append their next requests to this batch.
		c.unlocked(runtime.Gosched)
	}
	c.writeInPassing()
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
		c.unlocked(runtime.Gosched)
	}
	c.awaited = 0
	c.flushAsReader()
}

// rest is called by the reader before it waits for more.
func (c *h2conn) rest() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reading, c.resting = false, true
	c.flushAsReader()
	c.resting = false
}

// flushAsReader writes what is in out, and sees to what TLS has written by itself and
// found no room for.
func (c *h2conn) flushAsReader() {
	if c.writer != writerIdle || !c.hasToWrite() {
		return
	}
	c.writer = writerPassing
	c.writeInPassing()
}

// flushSoon has what is in out written without holding up the caller.
func (c *h2conn) flushSoon() {
	if c.writer == writerIdle && !c.reading && c.hasToWrite() {
		c.handOver()
	}
}

// hasToWrite reports whether there is anything to write, and sense in it.
func (c *h2conn) hasToWrite() bool {
	return c.cause == nil && c.writeErr == nil && (len(c.out) > 0 || c.outlet.isFull())
}

// writeInPassing writes until nothing is left, or hands the role over.
func (c *h2conn) writeInPassing() {
	for batches := 0; c.hasToWrite(); batches++ {
		if batches == maxBatches || c.outlet.isFull() {
			c.handOver()
			return
		}
		c.writeBatch()
	}
	c.resign()
}

// handOver gives the role to a goroutine of its own.
func (c *h2conn) handOver() {
	c.writer = writerWaiting
	c.flushes.Add(1)
	go c.writeAlone()
}

// writeInBackground has the role, which was handed over, until nothing is left.
func (c *h2conn) writeInBackground() {
	defer c.flushes.Done()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.hasToWrite() {
		if c.outlet.isFull() {
			c.drainOutlet()
		} else {
			c.writeBatch()
		}
	}
	c.resign()
}

// resign gives up the role, and ends the connection if that is due.
func (c *h2conn) resign() {
	switch {
	case c.cause == nil:
		c.writer = writerIdle
	case c.writer == writerPassing && c.resting:
		c.handOver()
	default:
		c.leave()
	}
}

// writeBatch writes what is in out, as far as the outlet has room, and lets those go on
// who wait for room in out.
func (c *h2conn) writeBatch() {
	batch, wasStalled := c.out, c.stalled()
	c.out, c.spare = c.spare[:0], nil
	c.unblock()
	var err error
	c.unlocked(func() {
		if wasStalled {
			c.pool.slotFreed()
		}
		err = c.writeFrames(batch)
	})
	c.spare = batch
	if err != nil {
		c.writeFailed(err)
	}
}

func (c *h2conn) drainOutlet() {
	var err error
	c.unlocked(func() {
		defer probe.Catch(&err)
		err = c.outlet.drain()
	})
	if err != nil {
		c.writeFailed(err)
	}
}

// writeFrames writes p. A panic is an error of this connection.
func (c *h2conn) writeFrames(p []byte) (err error) {
	defer probe.Catch(&err)
	_, err = c.rw.Write(p)
	return err
}

// writeFailed lets no more be written. A peer that hung up may have said why
// before, so the reader, which meets the end too, says what it was.
func (c *h2conn) writeFailed(err error) {
	if c.writeErr != nil {
		return
	}
	c.writeErr, c.draining = err, true
	c.out = c.out[:0]
	c.unblock()
	switch {
	case peerHungUp(err):
	case c.resting:
		c.flushes.Go(func() { _ = c.stream.Close() })
	default:
		_ = c.stream.Close() // ends the reader
	}
}

// leave tells the peer why the connection ends, if there is room to, and closes it. The
// caller has the role of the writer, for the last time, and mu.
func (c *h2conn) leave() {
	c.writer = writerDone
	defer close(c.left)
	code, ok := told(c.cause)
	if !ok || c.writeErr != nil || c.outlet.isFull() {
		_ = c.stream.Close() // not even TLS has anything to say
		return
	}
	_ = c.framer.WriteGoAway(0, code, nil) // to memory
	last := c.out
	c.out = nil
	c.unlocked(func() {
		if err := c.writeFrames(last); err != nil || c.outlet.isFull() {
			_ = c.stream.Close()
			return
		}
		_ = c.rw.Close() // nothing depends on how the end went
	})
}

// greet acknowledges the peer's settings on a connection that no stream could be
// opened on.
func (c *h2conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushSoon()
}

// unlocked runs f without mu, which is held before and after, whatever f does.
func (c *h2conn) unlocked(f func()) {
	c.mu.Unlock()
	defer c.mu.Lock()
	f()
}

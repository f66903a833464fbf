package http2

import (
	"io"
	"runtime"
	"sync"

	"example.com/prober/prober/probe"
	"example.com/prober/prober/wire"
)

const (
	// maxBatches bounds how often a worker or the reader writes frames of others.
	maxBatches = 4
	// outRoom is how many bytes may wait in out before content has to wait.
	outRoom = 64 << 10
	// outStalled is the number of waiting bytes above which the peer has stopped reading: no stream is opened on such a
	// connection.
	outStalled = 256 << 10
)

// writer collects the frames of an HTTP/2 connection and writes them in batches: a goroutine with something to write
// appends it to out. While the reader is at work, it writes all of that at its next pause. Otherwise the goroutine
// itself writes, unless another one already does. The writing goroutine also writes what others append meanwhile.
//
// Besides the state, these facts decide what is written, each with one owner:
//
//	reading     the reader: it is at work, and will write what is in out
//	awaited     the connection counts workers, the reader forgets them when it writes
//	err         the writer: the first write that failed, which explains the end
//	isFull      the outlet: there was no room below TLS
//	isStalled   nobody: there is too much in out
//	draining    the connection: it takes no more streams, also because cannotWrite was called
//	cause       the connection: it has ended, of which end tells the writer once
//	handedOver  the stream, when it opens: isSeenTo said that others write its request
type writer struct {
	top        io.Writer // the stream, or TLS over it; its output goes to the outlet
	outlet     *outlet
	lastFrames *lastFrames
	owner      writerOwner
	// background counts the goroutines that write or close, apart from workers and the reader.
	background sync.WaitGroup
	// writeAlone is a method value made once, so starting a goroutine with it allocates nothing.
	writeAlone func()

	// mu is the mutex of the connection. It guards all fields below.
	mu         *mutex
	out, spare []byte
	state      writerState // changed by fire alone
	err        error       // of the first write that failed
	// reading means that the reader is at work and will write the frames in out. Only the reader changes it.
	reading bool
	// awaited is how many workers were woken since the reader last wrote and have not opened their next stream. The
	// connection counts them; the reader resets the count.
	awaited int
}

// writerOwner is the connection as the writer needs it.
type writerOwner interface {
	// isShared reports whether several streams are open; mu is held.
	isShared() bool
	// appendWaiting appends content that waits for room in out; mu is held.
	appendWaiting()
	// cannotWrite is called once, after the first failed write; mu is held.
	cannotWrite()
	// readsAgain is called when a peer that had stopped reading reads; mu is not held.
	readsAgain()
}

func newWriter(mu *mutex, owner writerOwner, top io.Writer, o *outlet, f *lastFrames) *writer {
	w := &writer{mu: mu, owner: owner, top: top, outlet: o, lastFrames: f}
	w.writeAlone = w.writeInBackground
	return w
}

// Write appends the frames of the framer.
func (w *writer) Write(p []byte) (int, error) {
	w.out = append(w.out, p...)
	return len(p), nil
}

// isStalled reports whether the peer seems to have stopped reading.
func (w *writer) isStalled() bool { return len(w.out) > outStalled }

// room is how many bytes of content may be appended before the rest has to wait.
func (w *writer) room() int { return outRoom - len(w.out) }

// isSeenTo reports whether another goroutine will write the frames in out.
func (w *writer) isSeenTo() bool { return w.reading || w.state != writerIdle }

// flush writes the frames in out, unless another goroutine will. It does not wait for the peer; mu is held, and
// released meanwhile.
func (w *writer) flush() {
	if !w.reading && len(w.out) > 0 {
		w.fire(eventFlush)
	}
}

// flushSoon arranges for the frames in out to be written without delaying the caller.
func (w *writer) flushSoon() {
	if !w.reading && w.hasToWrite() {
		w.fire(eventSoon)
	}
}

// heard notes that the reader is at work, if it announces its pauses.
func (w *writer) heard() { w.reading = w.outlet.hasSocket() }

// pass is called by the reader before it reads more. It lets workers with new responses append their next requests, so
// the peer has something to do meanwhile.
func (w *writer) pass() {
	if !w.reading { // only this goroutine changes reading
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	const patience = 3 // the scheduler may return before all of them had their turn
	for yields := 0; yields < patience && w.awaited > 0; yields++ {
		w.unlocked(runtime.Gosched)
	}
	w.awaited = 0
	if w.hasToWrite() {
		w.fire(eventPass)
	}
}

// rest is called by the reader before it waits for more.
func (w *writer) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reading = false
	if w.hasToWrite() {
		w.fire(eventRest)
	}
}

// end ends the connection for cause. The peer is told the cause unless it knows already.
func (w *writer) end(cause error) {
	w.lastFrames.prepare(cause)
	w.fire(eventEnd)
}

// fire changes the state for event e and performs the resulting action. mu is held, and may be released meanwhile.
func (w *writer) fire(e writerEvent) {
	var do writerAction
	w.state, do = w.state.next(e)
	switch do {
	case actionGather:
		if w.owner.isShared() {
			// Workers whose responses came together run right after each other. Let the ready ones append their next requests to
			// this batch.
			w.unlocked(runtime.Gosched)
		}
		w.writeInPassing()
	case actionWrite:
		w.writeInPassing()
	case actionStart:
		w.background.Add(1)
		go w.writeAlone()
	case actionInterrupt:
		w.outlet.interrupt()
	case actionClose:
		if !wire.PeerHungUp(w.err) { // else the reader will see the end too, after the bytes before it
			w.background.Go(w.lastFrames.close)
		}
	case actionLeave:
		w.leave()
	}
}

// hasToWrite reports whether there is anything to write and it can still reach the peer.
func (w *writer) hasToWrite() bool {
	return w.state.mayWrite() && (len(w.out) > 0 || w.outlet.isFull())
}

// writeInPassing writes until nothing is left, or starts a goroutine to continue.
func (w *writer) writeInPassing() {
	for batches := 0; w.hasToWrite(); batches++ {
		if batches == maxBatches || w.outlet.isFull() {
			w.fire(eventFull)
			return
		}
		w.writeBatch()
	}
	w.fire(eventWritten)
}

// writeInBackground writes until nothing is left. It waits for room.
func (w *writer) writeInBackground() {
	defer w.background.Done()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.hasToWrite() {
		if w.outlet.isFull() {
			w.drainOutlet()
		} else {
			w.writeBatch()
		}
	}
	w.fire(eventWritten)
}

// writeBatch writes the frames in out, as far as the outlet has room. Content that waits for room in out takes their
// place.
func (w *writer) writeBatch() {
	batch, wasFull, wasStalled := w.out, w.room() <= 0, w.isStalled()
	w.out, w.spare = w.spare[:0], nil
	if wasFull {
		w.owner.appendWaiting()
	}
	var err error
	w.unlocked(func() {
		if wasStalled {
			w.owner.readsAgain()
		}
		err = writeFrames(w.top, batch)
	})
	w.spare = batch
	if err != nil {
		w.fail(err)
	}
}

func (w *writer) drainOutlet() {
	var err error
	w.unlocked(func() {
		defer probe.Catch(&err)
		err = w.outlet.drain()
	})
	if err != nil {
		w.fail(err)
	}
}

// fail notes a failed write. The writer writes nothing after it.
func (w *writer) fail(err error) {
	if w.err != nil {
		return
	}
	w.err = err
	w.out = w.out[:0]
	w.owner.cannotWrite()
	w.fire(eventFailed)
}

// leave ends the connection. It tells the peer nothing if the peer does not read or a write has failed.
func (w *writer) leave() {
	last := w.out
	w.out = nil
	canSay := w.err == nil
	w.unlocked(func() { w.lastFrames.leave(last, canSay) })
}

// unlocked runs f without mu. mu is held before and after, even if f panics.
func (w *writer) unlocked(f func()) {
	w.mu.Unlock()
	defer w.mu.Lock()
	f()
}

// writeFrames writes p. A panic is an error of the connection.
func writeFrames(to io.Writer, p []byte) (err error) {
	defer probe.Catch(&err)
	_, err = to.Write(p)
	return err
}

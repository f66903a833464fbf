// Package logqueue keeps a program from waiting for the reader of its log. A [Queue] takes
// lines at once and writes them on a goroutine of its own. What does not fit is dropped and
// counted, and the next line says how many are missing.
package logqueue

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBytes bounds the waiting lines, in bytes. A longer line is accepted if no other
	// line waits.
	maxBytes = 1 << 20
	// lineOverhead is the approximate cost of a waiting line besides its bytes.
	lineOverhead = 64
	// patience is how long an ending program waits for its log to be written.
	patience = time.Second
)

// Queue takes lines, and its goroutine writes them in their order. Callers never wait: a
// line that does not fit, or cannot be written, is dropped and counted. Before the next
// written line, the queue writes one with the number of missing lines.
//
// The goroutine may be stuck in a write for ever because nobody reads its output. Then
// only the end of the process ends it.
type Queue struct {
	out    io.Writer
	notice func(missing uint64) []byte
	wake   chan struct{} // has room for one
	ended  chan struct{} // closed when the goroutine has ended

	dropped atomic.Uint64

	mu     sync.Mutex
	lines  []line
	held   int    // bytes of the waiting lines and of the lines being written
	gap    uint64 // lines that did not fit since the last one that did
	closed bool

	// Only the goroutine uses these.
	missing uint64 // dropped lines not yet reported in a line
	torn    bool   // the last line was written in part
}

// line is a place in the log. It may have no text.
type line struct {
	text []byte
	gap  uint64        // how many lines just before it did not fit
	done chan struct{} // closed when its turn has come; nil if nobody waits for that
}

// New returns a queue for out and starts its goroutine. The goroutine ends after Close.
// If lines are missing, notice returns a line with their number; the queue uses the line
// before the next call of notice.
func New(out io.Writer, notice func(missing uint64) []byte) *Queue {
	q := &Queue{out: out, notice: notice, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go q.run()
	return q
}

// Write implements io.Writer. It takes one line, never waits, and never fails.
func (q *Queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := len(p) + lineOverhead
	room := maxBytes
	if q.gap > 0 { // a long gap is easier to read than many small ones
		room /= 2
	}
	if q.closed || q.held > 0 && q.held+size > room {
		q.gap++
		q.dropped.Add(1)
		return len(p), nil
	}
	q.held += size
	q.add(line{text: bytes.Clone(p)})
	return len(p), nil
}

// Dropped returns the number of dropped lines so far.
func (q *Queue) Dropped() uint64 { return q.dropped.Load() }

// Settle waits until all accepted lines are written, or cannot be, but no longer than
// patience.
func (q *Queue) Settle() {
	done := make(chan struct{})
	q.mu.Lock()
	q.add(line{done: done})
	q.mu.Unlock()
	await(done)
}

// Close stops the queue from accepting lines and waits like Settle.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.add(line{})
	q.mu.Unlock()
	await(q.ended)
}

func await(done <-chan struct{}) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
}

// add appends a line. q.mu is held.
func (q *Queue) add(l line) {
	l.gap, q.gap = q.gap, 0
	q.lines = append(q.lines, l)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run writes until the queue is closed and empty.
func (q *Queue) run() {
	defer close(q.ended)
	for closed := false; !closed; {
		<-q.wake
		for {
			var lines []line
			if lines, closed = q.take(); len(lines) == 0 {
				break
			}
			for i := range lines {
				q.write(&lines[i])
			}
		}
	}
}

// take returns the waiting lines, including a gap at the end.
func (q *Queue) take() (lines []line, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, q.lines = q.lines, nil
	if q.gap > 0 && !q.closed {
		lines = append(lines, line{gap: q.gap})
		q.gap = 0
	}
	return lines, q.closed
}

// write writes a line. If lines are missing before it, it writes the notice first.
func (q *Queue) write(l *line) {
	q.missing += l.gap
	if q.missing > 0 && q.put(q.notice(q.missing)) {
		q.missing = 0
	}
	if l.text != nil {
		if q.missing > 0 || !q.put(l.text) { // without the notice before it, the line would hide the gap
			q.missing++
			q.dropped.Add(1)
		}
		q.mu.Lock()
		q.held -= len(l.text) + lineOverhead
		q.mu.Unlock()
		l.text = nil
	}
	if l.done != nil {
		close(l.done)
	}
}

// put writes text on a line of its own and reports whether all of it is written.
func (q *Queue) put(text []byte) bool {
	if q.torn {
		text = append([]byte("\n"), text...)
	}
	n, err := q.out.Write(text)
	if n > 0 {
		q.torn = err != nil && text[n-1] != '\n'
	}
	return err == nil
}

// Package logqueue keeps a program from waiting for whoever reads its log.
package logqueue

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBytes bounds the lines that wait to be written, in bytes. A line that is
	// longer is taken when no other waits.
	maxBytes = 1 << 20
	// lineOverhead is about what a line that waits costs besides its bytes.
	lineOverhead = 64
	// patience is how long a program that could end waits for its log to be
	// written.
	patience = time.Second
)

// Queue takes lines and has one goroutine write them in their order. Whoever logs
// never waits: a line is dropped and counted if it does not fit, or if it cannot be
// written. The next line that can be written comes after one that says how many are
// missing there.
//
// The goroutine may be stuck in a write for ever, because nobody reads what it
// writes. Only the end of the process ends it then.
type Queue struct {
	out    io.Writer
	notice func(missing uint64) []byte
	wake   chan struct{} // has room for one
	ended  chan struct{} // closed when the goroutine has ended

	dropped atomic.Uint64

	mu     sync.Mutex
	lines  []line
	held   int    // bytes of the lines that wait and of those that are being written
	gap    uint64 // lines that did not fit since the last one that did
	closed bool

	// Only the goroutine uses these.
	missing uint64 // dropped lines that no line has told of yet
	torn    bool   // the last line was written in part
}

// line is a place in the log. It may be without a line of its own.
type line struct {
	text []byte
	gap  uint64        // how many lines just before it did not fit
	done chan struct{} // closed when its turn has come; nil if nobody waits for that
}

// New returns a queue for out and starts its goroutine, which ends after Close. When
// lines are missing, notice returns the line that says so; what it returns is used
// before the next call.
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
	if q.gap > 0 { // when lines are missing, many in a row are easier to read than some here and there
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

// Dropped returns how many lines were dropped so far.
func (q *Queue) Dropped() uint64 { return q.dropped.Load() }

// Settle waits until all lines that were taken are written, or cannot be, and no
// longer than patience.
func (q *Queue) Settle() {
	done := make(chan struct{})
	q.mu.Lock()
	q.add(line{done: done})
	q.mu.Unlock()
	await(done)
}

// Close takes no further line and waits as Settle does.
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

// add puts a line behind the others. The caller holds the lock.
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

// take returns what waits, a gap at its end included.
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

// write writes a line, after one that tells of those that are missing before it.
func (q *Queue) write(l *line) {
	q.missing += l.gap
	if q.missing > 0 && q.put(q.notice(q.missing)) {
		q.missing = 0
	}
	if l.text != nil {
		if q.missing > 0 || !q.put(l.text) { // without the notice before it, it would hide the gap
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

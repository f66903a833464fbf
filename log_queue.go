package main

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/promslog"
)

const (
	// maxLogBytes bounds the lines that wait to be written, in bytes. A line that is
	// longer is taken when no other waits.
	maxLogBytes = 1 << 20
	// logLineOverhead is about what a line that waits costs besides its bytes.
	logLineOverhead = 64
	// logPatience is how long a program that could end waits for its log to be
	// written.
	logPatience = time.Second
)

// logQueue takes lines and has one goroutine write them in their order. Whoever logs
// never waits: a line is dropped and counted if it does not fit, or if it cannot be
// written. The next line that can be written comes after one that says how many are
// missing there.
//
// The goroutine may be stuck in a write for ever, because nobody reads what it
// writes. Only the end of the process ends it then.
type logQueue struct {
	out    io.Writer
	notice func(missing uint64) []byte
	wake   chan struct{} // has room for one
	ended  chan struct{} // closed when the goroutine has ended

	dropped atomic.Uint64

	mu     sync.Mutex
	lines  []logLine
	held   int    // bytes of the lines that wait and of those that are being written
	gap    uint64 // lines that did not fit since the last one that did
	closed bool

	// Only the goroutine uses these.
	missing uint64 // dropped lines that no line has told of yet
	torn    bool   // the last line was written in part
}

// logLine is a place in the log. It may be without a line of its own.
type logLine struct {
	text []byte
	gap  uint64        // how many lines just before it did not fit
	done chan struct{} // closed when its turn has come; nil if nobody waits for that
}

// newLogQueue starts the goroutine, which ends after close.
func newLogQueue(out io.Writer, notice func(missing uint64) []byte) *logQueue {
	q := &logQueue{out: out, notice: notice, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go q.run()
	return q
}

// Write implements io.Writer. It takes one line, never waits, and never fails.
func (q *logQueue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	size := len(p) + logLineOverhead
	room := maxLogBytes
	if q.gap > 0 { // when lines are missing, many in a row are easier to read than some here and there
		room /= 2
	}
	if q.closed || q.held > 0 && q.held+size > room {
		q.gap++
		q.dropped.Add(1)
		return len(p), nil
	}
	q.held += size
	q.add(logLine{text: bytes.Clone(p)})
	return len(p), nil
}

// Dropped returns how many lines were dropped so far.
func (q *logQueue) Dropped() uint64 { return q.dropped.Load() }

// settle waits until all lines that were taken are written, or cannot be, and no
// longer than logPatience.
func (q *logQueue) settle() {
	done := make(chan struct{})
	q.mu.Lock()
	q.add(logLine{done: done})
	q.mu.Unlock()
	awaitLog(done)
}

// close takes no further line and waits as settle does.
func (q *logQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.add(logLine{})
	q.mu.Unlock()
	awaitLog(q.ended)
}

func awaitLog(done <-chan struct{}) {
	timeout := time.NewTimer(logPatience)
	defer timeout.Stop()
	select {
	case <-done:
	case <-timeout.C:
	}
}

// add puts a line behind the others. The caller holds the lock.
func (q *logQueue) add(l logLine) {
	l.gap, q.gap = q.gap, 0
	q.lines = append(q.lines, l)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run writes until the queue is closed and empty.
func (q *logQueue) run() {
	defer close(q.ended)
	for closed := false; !closed; {
		<-q.wake
		for {
			var lines []logLine
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
func (q *logQueue) take() (lines []logLine, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lines, q.lines = q.lines, nil
	if q.gap > 0 && !q.closed {
		lines = append(lines, logLine{gap: q.gap})
		q.gap = 0
	}
	return lines, q.closed
}

// write writes a line, after one that tells of those that are missing before it.
func (q *logQueue) write(l *logLine) {
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
		q.held -= len(l.text) + logLineOverhead
		q.mu.Unlock()
		l.text = nil
	}
	if l.done != nil {
		close(l.done)
	}
}

// put writes text on a line of its own and reports whether all of it is written.
func (q *logQueue) put(text []byte) bool {
	if q.torn {
		text = append([]byte("\n"), text...)
	}
	n, err := q.out.Write(text)
	if n > 0 {
		q.torn = err != nil && text[n-1] != '\n'
	}
	return err == nil
}

// missingLines returns what writes the line that tells of missing ones, whatever the
// level of the log is. What it returns is valid until the next call.
func missingLines(format *promslog.Format) func(missing uint64) []byte {
	var line bytes.Buffer
	log := promslog.New(&promslog.Config{Format: format, Writer: &line})
	return func(missing uint64) []byte {
		line.Reset()
		log.Warn("lines of the log are missing here", "lines", missing)
		return line.Bytes()
	}
}

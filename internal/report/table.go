package report

import (
	"fmt"
	"io"
	"sync"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

const (
	// tableBlock is how many bytes of rows are written at once, and tableBlocks how many such
	// blocks may wait for the disk: 8 MiB, which is a second of 40,000 requests.
	tableBlock  = 64 << 10
	tableBlocks = 128
	// rowRoom is how many bytes a row has room for without memory of its own.
	rowRoom = 768
)

// table is the report with a row for each request. Rows are gathered in blocks, which a goroutine
// writes, so that no request waits for the disk. Where that is so slow that too many blocks wait,
// rows are left out and counted.
type table struct {
	out   io.Writer
	clock *wallClock

	mu      sync.Mutex
	block   []byte
	missing uint64
	closed  bool

	full    chan []byte
	free    chan []byte
	written chan error // what became of writing, when it has ended; nil without observers
}

func newTable(out io.Writer) writer {
	return &table{out: out, full: make(chan []byte, tableBlocks), free: make(chan []byte, tableBlocks)}
}

func (t *table) observers(of []Source) []Observer {
	t.clock = newWallClock()
	t.block = append(make([]byte, 0, tableBlock), tableHeader...)
	t.written = make(chan error, 1)
	go func() { t.written <- t.write() }()
	all := make([]Observer, len(of))
	for i := range of {
		labels := labelsOf(&of[i])
		all[i] = func(r *probe.Result, code errcode.Code) {
			var room [rowRoom]byte
			t.add(labels.row(room[:0], t.clock, r, code))
		}
	}
	return all
}

// add takes a row over.
func (t *table) add(row []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.block)+len(row) > tableBlock && !t.handOver() {
		t.missing++
		return
	}
	t.block = append(t.block, row...)
}

// handOver gives the block to who writes it and begins another one. It returns false where too
// many wait already.
func (t *table) handOver() bool {
	select {
	case t.full <- t.block:
	default:
		return false
	}
	select {
	case t.block = <-t.free:
	default:
		t.block = make([]byte, 0, tableBlock)
	}
	return true
}

// write writes blocks until there will be no more. After a failure it takes them and does nothing.
func (t *table) write() (failed error) {
	for block := range t.full {
		if failed == nil {
			_, failed = t.out.Write(block)
		}
		select {
		case t.free <- block[:0]:
		default:
		}
	}
	return failed
}

func (t *table) finish(*Result) error {
	t.abandon()
	if t.written != nil {
		if err := <-t.written; err != nil {
			return err
		}
	}
	if _, err := t.out.Write(t.block); err != nil {
		return err
	}
	if t.missing > 0 {
		return &incompleteError{fmt.Sprintf("%d rows are missing, as the disk was slower than the burst", t.missing)}
	}
	return nil
}

func (t *table) abandon() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.full)
	}
}

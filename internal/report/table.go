package report

import (
	"fmt"
	"io"
	"sync"

	"example.com/prober/errcode"
	"example.com/prober/prober/probe"
)

const (
	// tableBlock is the size of a block of rows in bytes. At most tableBlocks blocks may wait for the disk: 8 MiB, or one
	// second at 40,000 requests per second.
	tableBlock  = 64 << 10
	tableBlocks = 128
	// rowRoom is the size in bytes up to which a row needs no allocation.
	rowRoom = 768
)

// table is the report with a row for each request. It gathers rows in blocks, and a goroutine writes the blocks, so
// that no request waits for the disk. If the disk is so slow that too many blocks wait, the table leaves out rows and
// counts them.
type table struct {
	out   io.Writer
	clock *wallClock

	mu      sync.Mutex
	block   []byte
	missing uint64
	closed  bool

	full    chan []byte
	free    chan []byte
	written chan error // the error of writing, after its end; nil without observers
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

// add appends a row.
func (t *table) add(row []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.block)+len(row) > tableBlock && !t.handOver() {
		t.missing++
		return
	}
	t.block = append(t.block, row...)
}

// handOver gives the block to the writing goroutine and begins another one. It returns false if too many blocks already
// wait.
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

// write writes blocks until full is closed. After a failure it only receives them.
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
		return &incompleteError{fmt.Sprintf("%d rows are missing, because the disk was slower than the burst", t.missing)}
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

package command

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/common/promslog"
	"golang.org/x/term"

	"example.com/prober/internal/logqueue"
)

// console is where a command writes and how it logs.
type console struct {
	stdout, stderr io.Writer
	log            *promslog.Config
	// columns is how wide a terminal stderr is; 0 if it is none.
	columns int
	lines   *logqueue.Queue // what stderr is once it is detached, nil before
}

func newConsole(stdout, stderr io.Writer) *console {
	return &console{
		stdout: stdout, stderr: stderr, columns: columnsOf(stderr),
		log: &promslog.Config{Level: promslog.NewLevel(), Format: promslog.NewFormat(), Writer: stderr},
	}
}

func columnsOf(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		return columns
	}
	return 80 // it does not say
}

// detached is a command that goes on and ends whatever becomes of its standard
// error: a full pipe, a pipe that nobody reads any more, a full disk. What only
// prints and ends waits for its reader instead, as other programs do.
func detached(cmd command) command {
	return func(ctx context.Context, c *console) error {
		c.detach()
		return cmd(ctx, c)
	}
}

// detach has lines for standard error queue from now on. The flags must be known.
func (c *console) detach() {
	// Unless it is ignored, this signal ends a process that writes to a standard error
	// that nobody can read.
	signal.Ignore(syscall.SIGPIPE)
	c.lines = logqueue.New(c.stderr, missingLines(c.log.Format))
	c.stderr, c.log.Writer = c.lines, c.lines
}

// close gives what was logged a moment to be written.
func (c *console) close() {
	if c.lines != nil {
		c.lines.Close()
	}
}

// settle gives what was logged a moment to be written, so that what is printed next
// comes after it.
func (c *console) settle() {
	if c.lines != nil {
		c.lines.Settle()
	}
}

// droppedLines returns how many lines of the log were dropped so far.
func (c *console) droppedLines() uint64 {
	if c.lines == nil {
		return 0
	}
	return c.lines.Dropped()
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

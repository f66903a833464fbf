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
	// columns is the width of stderr if it is a terminal, else 0.
	columns int
	lines   *logqueue.Queue // replaces stderr once it is detached; nil before
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
	return 80 // the terminal does not report a width
}

// detached returns a command that does not depend on its standard error: it
// goes on and ends even with a full pipe, a pipe without a reader, or a full
// disk. A command that only prints and ends waits for its reader instead, as
// other programs do.
func detached(cmd command) command {
	return func(ctx context.Context, c *console) error {
		c.detach()
		return cmd(ctx, c)
	}
}

// detach queues lines for standard error from now on. The flags must be known.
func (c *console) detach() {
	// Unless it is ignored, this signal ends a process that writes to a pipe
	// without a reader.
	signal.Ignore(syscall.SIGPIPE)
	c.lines = logqueue.New(c.stderr, missingLines(c.log.Format))
	c.stderr, c.log.Writer = c.lines, c.lines
}

// close gives pending log lines a moment to be written.
func (c *console) close() {
	if c.lines != nil {
		c.lines.Close()
	}
}

// settle gives pending log lines a moment to be written, so that the next
// output comes after them.
func (c *console) settle() {
	if c.lines != nil {
		c.lines.Settle()
	}
}

// droppedLines returns how many lines of the log have been dropped so far.
func (c *console) droppedLines() uint64 {
	if c.lines == nil {
		return 0
	}
	return c.lines.Dropped()
}

// missingLines returns a function for the line about missing lines. The level
// of the log does not suppress this line. Each result of the function is valid
// until its next call.
func missingLines(format *promslog.Format) func(missing uint64) []byte {
	var line bytes.Buffer
	log := promslog.New(&promslog.Config{Format: format, Writer: &line})
	return func(missing uint64) []byte {
		line.Reset()
		log.Warn("lines of the log are missing here", "lines", missing)
		return line.Bytes()
	}
}

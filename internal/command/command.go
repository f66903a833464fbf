// Package command is the program: its flags, its subcommands and the wiring of each.
//
// [Run] parses the command line and runs one command, each in the file of its name, such as
// run, check and fire. The daemon of run puts the parts together: a manager of targets, the
// discoveries, the web interface, and the reloads. Changes to the targets are made one
// after another.
//
// A command returns an error and does not end the process: Run turns it into an exit code.
// A mistake in flags or files ends with 2, before anything is sent. Commands that go on, or
// that send, do not depend on a reader of their standard error. They end with their
// context, and drain first.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"example.com/prober/discover"
)

// Exit codes.
const (
	ExitOK    = 0
	ExitError = 1 // it ran and failed
	ExitUsage = 2 // it could not start
	// ExitSignal plus the number of the signal is the exit code of an interrupted burst. A shell reports a program that
	// a signal ended in the same way (POSIX, XCU 2.8.2).
	ExitSignal = 128
)

// Main is the program as the operating system starts it, with signals. It ends the process.
func Main() {
	collectLessOften()
	stampVersion()
	ctx := untilSignal()
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // warn says it in the log
	discover.SetLibraryLog(slog.NewTextHandler(os.Stderr, nil))
	os.Exit(Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command runs a subcommand once its flags are known.
type command func(ctx context.Context, c *console) error

// Run is the program without the process: it returns the exit code.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := newConsole(stdout, stderr)
	defer c.close()
	app := kingpin.New("prober", "Keeps targets under continuous, harmless HTTP load and exports latency histograms\nand request counters by error code to Prometheus.")
	app.Version(versionFor(args))
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout).ErrorWriter(stderr)
	app.UsageTemplate(kingpin.DefaultUsageTemplate + "{{with .Context.SelectedCommand}}{{.HelpLong}}{{end}}")
	ended := false
	app.Terminate(func(int) { ended = true })
	checked(app, "log.level", "info", "Only log messages of this severity or above: debug, info, warn or error.", c.log.Level.Set).HintOptions(promslog.LevelFlagOptions...)
	checked(app, "log.format", "logfmt", "Format of log messages: logfmt or json.", c.log.Format.Set).HintOptions(promslog.FormatFlagOptions...)
	commands := map[string]command{}
	for _, register := range []func(*kingpin.Application) (string, command){runCommand, checkCommand, fireCommand, initCommand, schemaCommand, objectivesCommand, demoCommand, codesCommand, healthCommand} {
		name, cmd := register(app)
		commands[name] = cmd
	}
	maps.Copy(commands, importCommands(app))
	if !isCompletion(args) {
		app.GetCommand("run").Default()
	}

	name, err := app.Parse(unexpanded(args))
	if ended { // --help or --version has been answered
		return ExitOK
	}
	if err != nil {
		c.detach()
		fmt.Fprintf(c.stderr, "prober: %v; see prober --help\n", namingFlag(err, args))
		return ExitUsage
	}
	if err := commands[name](ctx, c); err != nil {
		fmt.Fprintf(c.stderr, "prober: %v\n", err)
		return exitCode(err)
	}
	return ExitOK
}

// usageError is a failure to start.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// signalled is the cause of a context ended by a signal.
type signalled struct{ signal syscall.Signal }

func (s signalled) Error() string { return s.signal.String() }

// untilSignal returns a context that ends with the first SIGINT or SIGTERM. Its cause is signalled. After that the
// default holds again: a second signal ends the process at once.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s := <-arrived
		signal.Stop(arrived)
		cancel(signalled{s.(syscall.Signal)})
	}()
	return ctx
}

// interruptedError is the error of an interrupted burst. Its exit code names the signal.
type interruptedError struct {
	error
	code int
}

func (e interruptedError) Unwrap() error { return e.error }

// interruptedBy marks err as the error of a command that was interrupted by the end of ctx.
func interruptedBy(ctx context.Context, err error) error {
	by, ok := errors.AsType[signalled](context.Cause(ctx))
	if !ok {
		by = signalled{syscall.SIGINT}
	}
	return interruptedError{err, ExitSignal + int(by.signal)}
}

func exitCode(err error) int {
	if e, isInterrupted := errors.AsType[interruptedError](err); isInterrupted {
		return e.code
	}
	if _, usage := errors.AsType[usageError](err); usage {
		return ExitUsage
	}
	return ExitError
}

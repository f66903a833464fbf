// Command prober keeps targets under continuous, harmless HTTP load and exports
// what it measures to Prometheus.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1 // it ran and failed
	exitUsage = 2 // it could not start
)

func main() {
	collectLessOften()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// From the first signal on the default holds again: a second one ends at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command is what a subcommand does once its flags are known.
type command func(ctx context.Context, c *console) error

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := newConsole(stdout, stderr)
	defer c.close()
	app := kingpin.New("prober", "Keeps targets under continuous, harmless HTTP load and exports latency histograms\nand request counters by error code to Prometheus.")
	app.Version(version.Print("prober"))
	app.HelpFlag.Short('h')
	app.UsageWriter(stdout).ErrorWriter(stderr)
	app.UsageTemplate(kingpin.DefaultUsageTemplate + "{{with .Context.SelectedCommand}}{{.HelpLong}}{{end}}")
	ended := false
	app.Terminate(func(int) { ended = true })
	checked(app, "log.level", "info", "Only log messages of this severity or above: debug, info, warn or error.", c.log.Level.Set)
	checked(app, "log.format", "logfmt", "Format of log messages: logfmt or json.", c.log.Format.Set)
	commands := map[string]command{}
	for _, register := range []func(*kingpin.Application) (string, command){runCommand, checkCommand, fireCommand, demoCommand, codesCommand, healthCommand} {
		name, cmd := register(app)
		commands[name] = cmd
	}

	name, err := app.Parse(args)
	if ended { // --help or --version has been answered
		return exitOK
	}
	if err != nil {
		c.detach()
		fmt.Fprintf(c.stderr, "prober: %v; see prober --help\n", namingFlag(err, args))
		return exitUsage
	}
	if err := commands[name](ctx, c); err != nil {
		fmt.Fprintf(c.stderr, "prober: %v\n", err)
		return exitCode(err)
	}
	return exitOK
}

// usageError is a failure to start.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

const defaultAddress = "127.0.0.1:10115"

// daemonFlags are the flags of a prober that stays.
type daemonFlags struct {
	configFile      string
	telemetryPath   string
	enableLifecycle bool
	enablePprof     bool
	grace           time.Duration
	finalScrape     time.Duration
	listen          *toolkit.FlagConfig
}

func runCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("run", "Fire the bursts that the configuration asks for and serve the metrics. The default command.\n\nSIGHUP loads the configuration again; SIGTERM ends after the requests in flight; a second one ends at once.").Default()
	var f daemonFlags
	configFlag(cmd, &f.configFile)
	f.listen = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	cmd.Flag("web.enable-lifecycle", "Allow POST /-/reload.").BoolVar(&f.enableLifecycle)
	cmd.Flag("web.enable-pprof", "Serve profiles under /debug/pprof/.").BoolVar(&f.enablePprof)
	cmd.Flag("shutdown.grace", "How long requests in flight may take to end after SIGTERM; then they are cancelled.").Default("15s").DurationVar(&f.grace)
	cmd.Flag("shutdown.final-scrape", "How long to wait after that for one more scrape, if there has been any.").Default("10s").DurationVar(&f.finalScrape)
	return "run", func(ctx context.Context, c *console) error { return serveForever(ctx, c, f) }
}

func configFlag(cmd *kingpin.CmdClause, file *string) {
	cmd.Flag("config.file", "Path of the configuration.").Default("prober.yml").StringVar(file)
}

// serveForever runs the daemon until ctx ends and the last request was counted.
func serveForever(ctx context.Context, c *console, f daemonFlags) error {
	d, err := newDaemon(c, f)
	if err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	return d.run(ctx, hangups)
}

func exitCode(err error) int {
	if _, usage := errors.AsType[usageError](err); usage {
		return exitUsage
	}
	return exitError
}

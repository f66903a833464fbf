package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"example.com/prober/config"
	"example.com/prober/config/form"
	"example.com/prober/prober"
)

const checkHelp = `Read the configuration as prober run does. If it is valid, print how much load it asks for. If not, print every mistake. The check also fails if the load exceeds a --limit flag.

With --print-requests, the check also prints the first requests of each target as they would be sent. It sends nothing. A value from a file or a list is printed as its name and row, such as email-3. A value from an answer is printed as its name, such as <token>. Secrets from files, Authorization and Cookie are printed as <redacted>. All other header fields, queries and bodies are printed as they are in the configuration: read them before you share them.`

const checkExamples = `Examples:
  prober check
      Check prober.yml, and print how much load it asks for.
  prober check --print-requests=10
      Also print the first ten requests of each target. A mix is in the order of a burst, and a journey is step by step.
  prober check --discover=5s
      Also print the targets that discoveries find within 5 s, and the targets that they leave out with the reason.
  prober check --shard=0 --total-shards=3 --print-requests=3
      Check and print what the first of three probers would do.
`

// checkFlags are the flags of check.
type checkFlags struct {
	loadFlags

	print    int // requests of each target
	discover time.Duration
}

func checkCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("check", checkHelp).HelpLong(checkExamples)
	var f checkFlags
	f.register(cmd)
	wholeFlag(cmd, "total-shards", "1", "How many probers share the load of this configuration.", &f.shard.Total, 1, maxShards)
	wholeFlag(cmd, "print-requests", "0", "Print this many requests of each target as they would be sent, with made-up values and without secrets.", &f.print, 0, maxPrinted)
	lengthFlag(cmd, "discover", "0s", "Run each discovery for at most this time, and print the targets that it finds; 0 runs none.", &f.discover, 0)
	return "check", func(ctx context.Context, c *console) error { return check(ctx, c, f) }
}

func check(ctx context.Context, c *console, f checkFlags) error {
	if err := f.shard.Validate(); err != nil {
		return usageError{err}
	}
	cfg, err := config.Load(f.configFile)
	if err != nil {
		return orInit(err)
	}
	if err := cfg.AllUsed(); err != nil {
		return err
	}
	if err := prober.Check(cfg, f.shard); err != nil {
		return err
	}
	// A discovery that fails must not hide what can be said of the rest. Its error comes at
	// the end.
	cfg, undiscovered := checkDiscoveries(ctx, c, cfg, &f)
	if _, mistakes := errors.AsType[form.Errors](undiscovered); mistakes {
		return undiscovered
	}
	d := prober.DemandOf(cfg, f.shard)
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s is valid: %s\n", f.configFile, targetsWord(d.Targets))
	fmt.Fprintf(table, "  requests/s on average\t%.4g\n", d.AverageRate)
	fmt.Fprintf(table, "  requests/s at the peak of all open bursts\t%.4g\n", d.PeakRate)
	fmt.Fprintf(table, "  requests in flight at most\t%d\n", d.InFlight)
	fmt.Fprintf(table, "  connections at most\t%d\n", d.Connections)
	fmt.Fprintf(table, "  time series, typically\t%d\n", d.TypicalSeries)
	fmt.Fprintf(table, "  time series at most\t%d\n", d.MostSeries)
	if err := table.Flush(); err != nil {
		return err
	}
	if err := printRequests(c.stdout, cfg, f.shard, f.print); err != nil {
		return err
	}
	log := promslog.New(c.log)
	warn(log, cfg)
	warnOverruns(log, cfg, f.shard)
	for _, t := range prober.TooFewOf(cfg, f.shard) {
		log.Warn("a target as slow as its timeout needs more workers than burst.concurrency", "target", t.Target, "workers", t.Workers.String())
	}
	return errors.Join(undiscovered, d.Exceeds(f.limits))
}

// targetsWord returns "1 target" or "2 targets".
func targetsWord(n int) string {
	if n == 1 {
		return "1 target"
	}
	return fmt.Sprintf("%d targets", n)
}

// warn logs valid settings of cfg that are hardly meant.
func warn(log *slog.Logger, cfg *config.Config) {
	for _, w := range cfg.Warnings {
		log.Warn("the configuration has a value that is probably a mistake", "warning", w)
	}
	for _, t := range cfg.Targets {
		if t.Connection.TLS.InsecureSkipVerify {
			log.Warn("the target's certificate is not verified", "target", t.Name)
		}
	}
	if allowed, wanted, tooFew := prober.DatagramRoomFor(cfg); tooFew {
		log.Warn("the kernel buffers few datagrams for an HTTP/3 connection: long answers may lose some and take longer; raise net.core.rmem_max",
			"bytes", allowed, "wanted", wanted)
	}
}

// warnOverruns logs the targets with bursts that cannot end before the next
// slot.
func warnOverruns(log *slog.Logger, cfg *config.Config, s prober.Shard) {
	for _, o := range prober.OverrunsOf(cfg, s) {
		log.Warn("bursts take longer than their interval: slots are skipped for ever", "target", o.Target, "burst", o.Lasts, "interval", o.Interval)
	}
}

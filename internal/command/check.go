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

const checkHelp = `Read the configuration as run would, and say what it asks for or all that is wrong with it. Fails when it asks for more than the ceilings allow.

--print-requests also prints the first requests of each target, as they would be sent, and sends nothing. For a value of a file or a list it prints the name and the row, as in email-3; for one that an answer would give, <token>. What a file of a secret holds is <redacted>, and so are Authorization and Cookie. All other header fields, queries and bodies that stand in the configuration are printed as they are: look before you share them.`

const checkExamples = `Examples:
  prober check
      Whether prober.yml is valid, and how much it asks for.
  prober check --print-requests=10
      The same, and the first ten requests of each target: of a mix in the order of a burst, of a journey step by step.
  prober check --discover=5s
      The same, and the targets that discoveries find within 5 s, with what they leave out and why.
  prober check --shard=0 --total-shards=3 --print-requests=3
      What the first of three probers would do.
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
	wholeFlag(cmd, "total-shards", "1", "How many probers with this configuration divide its load.", &f.shard.Total, 1, maxShards)
	wholeFlag(cmd, "print-requests", "0", "Print so many requests of each target as they would be sent, with made-up values and without secrets.", &f.print, 0, maxPrinted)
	lengthFlag(cmd, "discover", "0s", "Run each discovery, wait so long for it, and print the targets that it finds; 0 means not to.", &f.discover, 0)
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
	fmt.Fprintf(table, "%s is valid: %d targets\n", f.configFile, d.Targets)
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

// warn logs valid settings of cfg that are hardly meant.
func warn(log *slog.Logger, cfg *config.Config) {
	for _, w := range cfg.Warnings {
		log.Warn("the configuration says what it hardly means", "warning", w)
	}
	for _, t := range cfg.Targets {
		if t.Connection.TLS.InsecureSkipVerify {
			log.Warn("the target's certificate is not verified", "target", t.Name)
		}
	}
	if allowed, wanted, tooFew := prober.DatagramRoomFor(cfg); tooFew {
		log.Warn("the kernel keeps few datagrams for a connection of HTTP/3: long answers may lose some, which costs time; raise net.core.rmem_max",
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

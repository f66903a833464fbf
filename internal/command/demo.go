package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"example.com/prober/demo"
	"example.com/prober/prober"
	"example.com/prober/prober/numbers"
)

func demoCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("demo", "Start a demo server on loopback, and the prober. The server behaves well and badly in many ways, and the prober has a target for each of them.")
	listen := kingpinflag.AddFlags(cmd, defaultAddress)
	var every, duration time.Duration
	lengthFlag(cmd, "demo.table-interval", "10s", "How often to print the table of targets.", &every, minInterval)
	lengthFlag(cmd, "demo.duration", "0s", "End after this time; 0 means never.", &duration, 0)
	return "demo", detached(func(ctx context.Context, c *console) error {
		if duration > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, duration)
			defer cancel()
		}
		return runDemo(ctx, c, listen, every)
	})
}

// runDemo runs the misbehaving server and a daemon that probes it.
func runDemo(ctx context.Context, c *console, listen *toolkit.FlagConfig, every time.Duration) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP) // its terminal was closed
	defer stop()
	server, err := demo.Start()
	if err != nil {
		return err
	}
	defer server.Close()
	dir, err := os.MkdirTemp("", "prober-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, err := server.WriteConfig(dir)
	if err != nil {
		return err
	}
	if c.log.Level.String() == "info" {
		_ = c.log.Level.Set("error") // failures are what a demo is for; the table shows them
	}
	d, err := newDaemon(ctx, c, daemonFlags{loadFlags: loadFlags{configFile: file}, telemetryPath: "/metrics", listen: listen, grace: 2 * time.Second})
	if err != nil {
		return err
	}
	address := (*listen.WebListenAddresses)[0]
	if len(d.bound) > 0 {
		address = d.bound[0].Addr().String()
	}
	welcome := fmt.Sprintf("The demo server misbehaves in %d ways; the prober has a target for each.\n\n"+
		"  status page    http://%[2]s/\n  metrics        http://%[2]s/metrics\n  configuration  %[3]s\n\n"+
		"The demo prints a table every %[4]s. Ctrl-C ends it.\n", len(server.Behaviours()), address, file, every)
	return runVisibly(ctx, d, func(ctx context.Context) error {
		return printTables(ctx, c.stdout, welcome, d.manager, every)
	})
}

// runVisibly runs the daemon and show until ctx ends or show fails: a demo without a viewer has no use.
func runVisibly(ctx context.Context, d *daemon, show func(context.Context) error) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	shown := make(chan error, 1)
	go func() {
		defer end()
		shown <- show(ctx)
	}()
	err := d.run(ctx, nil)
	end()
	select {
	case failed := <-shown:
		return errors.Join(err, failed)
	case <-time.After(time.Second): // nobody reads it, and the process ends anyway
		return err
	}
}

// printTables prints the welcome and a table at intervals until printing fails or ctx ends, and then a last one.
func printTables(ctx context.Context, out io.Writer, welcome string, m *prober.Manager, every time.Duration) error {
	if _, err := io.WriteString(out, welcome); err != nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	before := map[string]uint64{}
	for last := time.Now(); ctx.Err() == nil; last = time.Now() {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		if err := printTable(out, m.Targets(), before, time.Since(last)); err != nil {
			return err
		}
	}
	return nil
}

// printTable prints one line per target. before holds the numbers of requests at the last table; since is the time
// since then. printTable updates before.
func printTable(out io.Writer, targets []numbers.Snapshot, before map[string]uint64, since time.Duration) error {
	in := unitOf(targets, func(t *numbers.Snapshot) []time.Duration { return []time.Duration{t.P50, t.P99} })
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nTARGET\tREQUESTS\tRATE/S\tP50\tP99\tCODES")
	for _, t := range targets {
		rate := float64(t.Requests-before[t.Name]) / since.Seconds()
		before[t.Name] = t.Requests
		fmt.Fprintf(table, "%s\t%d\t%.1f\t%s\t%s\t%s\n", t.Name, t.Requests, rate,
			in.format(t.P50), in.format(t.P99), codeWords(t.Codes))
	}
	return table.Flush()
}

// codeWords lists codes with their names and counts: "0 ok: 12, 1503 http_503: 3".
func codeWords(codes []numbers.CodeCount) string {
	words := make([]string, len(codes))
	for i, c := range codes {
		words[i] = fmt.Sprintf("%s %s: %d", c.Code, c.Code.Name(), c.Count)
	}
	return strings.Join(words, ", ")
}

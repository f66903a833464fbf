package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"example.com/prober/config"
	"example.com/prober/prober"
)

func checkCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("check", "Read the configuration as run would, and say what it asks for or all that is wrong with it.")
	var file string
	configFlag(cmd, &file)
	return "check", func(_ context.Context, c *console) error { return check(c, file) }
}

func check(c *console, file string) error {
	cfg, err := config.Load(file)
	if err != nil {
		return err
	}
	if err := prober.Check(cfg); err != nil {
		return err
	}
	demand := prober.DemandOf(cfg)
	fmt.Fprintf(c.stdout, "%s is valid: %d targets\n", file, len(cfg.Targets))
	fmt.Fprintf(c.stdout, "  on average   %.4g requests/s (where a burst has no rate: if each answer takes no time)\n", demand.AverageRate)
	fmt.Fprintf(c.stdout, "  at once      up to %d requests in flight, each on a connection of its own\n", demand.InFlight)
	warnUnverified(c, cfg)
	return nil
}

// warnUnverified names the targets that would accept any certificate.
func warnUnverified(c *console, cfg *config.Config) {
	log := promslog.New(c.log)
	for _, t := range cfg.Targets {
		if t.Connection.TLS.InsecureSkipVerify {
			log.Warn("the target's certificate is not verified", "target", t.Name)
		}
	}
}

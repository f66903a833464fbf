package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"example.com/prober/prober"
)

const defaultAddress = "127.0.0.1:10115"

// loadFlags say which load to generate, and how much at most.
type loadFlags struct {
	configFile string
	// given is set if configFile is not the default.
	given  bool
	limits prober.Limits
	shard  prober.Shard
}

func (f *loadFlags) register(cmd *kingpin.CmdClause) {
	f.registerSource(cmd)
	ceilingFlag(cmd, "limit.targets", "The most targets at once; 0 means no limit.", &f.limits.Targets)
	sizeFlag(cmd, "limit.kept-failures", "8MiB", "The most memory for the answers that keep_failures keeps; 0 means no limit.", &f.limits.KeptFailures)
	shardFlag(cmd, "shard", "0", "The number of this shard, counted from 0.", &f.shard.Ordinal)
}

// registerSource registers the flags that also concern a single target.
func (f *loadFlags) registerSource(cmd *kingpin.CmdClause) {
	cmd.Flag("config.file", "Path of the configuration.").Default("prober.yml").IsSetByUser(&f.given).StringVar(&f.configFile)
	limitRateFlag(cmd, "limit.rate", "The most requests per second to all targets together, whatever the configuration says; 0 means no limit.", &f.limits.Rate)
	ceilingFlag(cmd, "limit.in-flight", "The most requests in flight at once; 0 means no limit.", &f.limits.InFlight)
	ceilingFlag(cmd, "limit.connections", "The most open connections at once; 0 means no limit.", &f.limits.Connections)
	sizeFlag(cmd, "limit.kept-bodies", "10MiB", "The most memory for bodies that the prober checks or decodes; 0 means no limit.", &f.limits.KeptBodies)
}

// daemonFlags are the flags of a prober that keeps running.
type daemonFlags struct {
	loadFlags

	shards          shardFlags
	telemetryPath   string
	externalURL     string
	grafanaURL      string
	prometheusURL   string
	matchers        string
	enableBadges    bool
	enableLifecycle bool
	enablePprof     bool
	grace           time.Duration
	finalScrape     time.Duration
	autoReload      time.Duration
	refresh         time.Duration
	applyInterval   time.Duration
	listen          *toolkit.FlagConfig
	peers           peerFlags
}

func runCommand(app *kingpin.Application) (string, command) {
	cmd := app.Command("run", "Fire the bursts of the configuration and serve the metrics. This is the default command.\n\nSIGHUP loads the configuration again. SIGTERM ends the prober after the requests in flight. A second SIGTERM ends it at once.")
	var f daemonFlags
	f.register(cmd)
	f.shards.register(cmd, &f.shard.Total)
	intervalFlag(cmd, "config.auto-reload-interval", "0s", "How often to check whether the configuration or a file that it names has changed. If so, the prober loads the configuration again. 0 means never.", &f.autoReload)
	intervalFlag(cmd, "config.refresh-interval", "1m", "How often to check whether a file that the configuration names has changed, such as a secret or a certificate. If so, the prober reads that file again. 0 means only at a reload.", &f.refresh)
	intervalFlag(cmd, "discover.apply-interval", "5s", "Apply what discoveries find at most once in this time. A change after a quiet time is applied at once.", &f.applyInterval)
	f.listen = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("web.telemetry-path", "Path of the metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	cmd.Flag("web.external-url", "URL at which a reverse proxy shows the web interface. All paths of the prober then begin with the path of this URL.").Default("").StringVar(&f.externalURL)
	cmd.Flag("web.grafana-url", "URL of a Grafana with the dashboards of the prober. The pages then link to it.").Default("").StringVar(&f.grafanaURL)
	cmd.Flag("web.prometheus-url", "URL of the Prometheus that scrapes the prober. The page of each target then shows its last 30 days.").Default("").StringVar(&f.prometheusURL)
	cmd.Flag("web.prometheus-matchers", "Labels of the series of these probers in Prometheus, such as job=\"prober\". If empty, all series count.").Default("").StringVar(&f.matchers)
	cmd.Flag("web.enable-badges", "Serve pictures under /badges/ with the availability of targets and groups. Other sites can show them.").BoolVar(&f.enableBadges)
	f.peers.register(cmd)
	cmd.Flag("web.enable-lifecycle", "Allow a reload with POST /-/reload.").BoolVar(&f.enableLifecycle)
	cmd.Flag("web.enable-pprof", "Serve profiles under /debug/pprof/.").BoolVar(&f.enablePprof)
	lengthFlag(cmd, "shutdown.grace", "15s", "How long requests in flight may go on after SIGTERM. Then the prober cancels them.", &f.grace, 0)
	lengthFlag(cmd, "shutdown.final-scrape", "10s", "How long to wait after that for one more scrape. Without an earlier scrape, the prober does not wait.", &f.finalScrape, 0)
	return "run", detached(func(ctx context.Context, c *console) error { return serveForever(ctx, c, f) })
}

// serveForever runs the daemon until ctx ends and the last request is counted.
func serveForever(ctx context.Context, c *console, f daemonFlags) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // before anything starts: by default it ends the process
	defer signal.Stop(hangups)
	d, err := newDaemon(ctx, c, f)
	if err != nil {
		return err
	}
	return d.run(ctx, hangups)
}

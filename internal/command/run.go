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
	ceilingFlag(cmd, "limit.targets", "Ceiling of the number of targets; 0 means none.", &f.limits.Targets)
	sizeFlag(cmd, "limit.kept-failures", "8MiB", "Ceiling of the memory for the answers that keep_failures asks for; 0 means none.", &f.limits.KeptFailures)
	shardFlag(cmd, "shard", "0", "Which of the shards this prober is, counted from 0.", &f.shard.Ordinal)
}

// registerSource registers the flags that also concern a single target.
func (f *loadFlags) registerSource(cmd *kingpin.CmdClause) {
	cmd.Flag("config.file", "Path of the configuration.").Default("prober.yml").IsSetByUser(&f.given).StringVar(&f.configFile)
	limitRateFlag(cmd, "limit.rate", "Ceiling of requests per second over all targets, whatever the configuration says; 0 means none.", &f.limits.Rate)
	ceilingFlag(cmd, "limit.in-flight", "Ceiling of requests in flight; 0 means none.", &f.limits.InFlight)
	ceilingFlag(cmd, "limit.connections", "Ceiling of open connections; 0 means none.", &f.limits.Connections)
	sizeFlag(cmd, "limit.kept-bodies", "10MiB", "Ceiling of the memory for bodies that are looked at or decoded; 0 means none.", &f.limits.KeptBodies)
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
	cmd := app.Command("run", "Fire the bursts that the configuration asks for and serve the metrics. The default command.\n\nSIGHUP loads the configuration again; SIGTERM ends after the requests in flight; a second one ends at once.")
	var f daemonFlags
	f.register(cmd)
	f.shards.register(cmd, &f.shard.Total)
	intervalFlag(cmd, "config.auto-reload-interval", "0s", "How often to look whether the configuration or a file that it refers to has changed, and load it then; 0 means never.", &f.autoReload)
	intervalFlag(cmd, "config.refresh-interval", "1m", "How often to look whether a file that the configuration refers to has changed, such as a secret or a certificate, and read those again; 0 means only with a reload.", &f.refresh)
	intervalFlag(cmd, "discover.apply-interval", "5s", "How long to gather what discoveries find before it is applied, unless nothing has changed for as long.", &f.applyInterval)
	f.listen = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("web.telemetry-path", "Path under which to expose metrics.").Default("/metrics").StringVar(&f.telemetryPath)
	cmd.Flag("web.external-url", "URL under which a reverse proxy shows the web interface, if not the one of its address. Its path comes before that of everything served.").Default("").StringVar(&f.externalURL)
	cmd.Flag("web.grafana-url", "URL of a Grafana that has the dashboards of the prober, for links from the pages.").Default("").StringVar(&f.grafanaURL)
	cmd.Flag("web.prometheus-url", "URL of the Prometheus that scrapes the prober. The page of each target then shows its last 30 days.").Default("").StringVar(&f.prometheusURL)
	cmd.Flag("web.prometheus-matchers", "Which series of that Prometheus are of probers like this one, as job=\"prober\"; all if empty.").Default("").StringVar(&f.matchers)
	cmd.Flag("web.enable-badges", "Serve pictures of the availability of targets and groups under /badges/, for pages of other sites.").BoolVar(&f.enableBadges)
	f.peers.register(cmd)
	cmd.Flag("web.enable-lifecycle", "Allow POST /-/reload.").BoolVar(&f.enableLifecycle)
	cmd.Flag("web.enable-pprof", "Serve profiles under /debug/pprof/.").BoolVar(&f.enablePprof)
	lengthFlag(cmd, "shutdown.grace", "15s", "How long requests in flight may take to end after SIGTERM; then they are cancelled.", &f.grace, 0)
	lengthFlag(cmd, "shutdown.final-scrape", "10s", "How long to wait after that for one more scrape, if there has been any.", &f.finalScrape, 0)
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

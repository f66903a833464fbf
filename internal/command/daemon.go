package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"

	"example.com/prober/config"
	"example.com/prober/discover"
	"example.com/prober/prober"
	"example.com/prober/web"
	"example.com/prober/web/history"
	"example.com/prober/web/peers"
)

// daemon is a prober that keeps running: the manager of the targets and the web interface around it.
type daemon struct {
	flags   daemonFlags
	log     *slog.Logger
	manager *prober.Manager
	// discoveries find targets besides those of the configuration.
	discoveries *discover.Set
	// peers are other probers. A page shows their targets.
	peers *peers.Set
	// past is nil if no Prometheus is read.
	past   *history.Store
	lookup *shardLookup // of the number of shards; nil if the flags give it
	shards shardMeter
	shell  *web.Shell
	bound  []net.Listener
	running
}

// newDaemon loads the configuration and starts the targets. All its waits end with ctx.
func newDaemon(ctx context.Context, c *console, f daemonFlags) (*daemon, error) {
	d := &daemon{flags: f, log: promslog.New(c.log), shards: shardMeter{created: time.Now()}}
	d.parse = config.ParseAfter
	if err := f.shards.validate(f.shard); err != nil {
		return nil, usageError{err}
	}
	prefix, grafana, err := d.openWeb()
	if err != nil {
		return nil, usageError{err}
	}
	text, err := config.Read(f.configFile)
	if err != nil {
		return nil, usageError{orInit(err)}
	}
	cfg, err := config.Parse(text, f.configFile)
	if err != nil {
		return nil, usageError{err}
	}
	// After the file has been checked: a mistake in it should not be reported only once the shards are
	// known.
	if err := d.findShard(ctx); err != nil {
		return nil, err
	}
	if err := d.open(c, text, cfg, prefix, grafana); err != nil {
		d.lookup.close()
		return nil, usageError{err}
	}
	d.log.Info("started", "version", version.Version, "config", f.configFile, "targets", len(cfg.Targets))
	return d, nil
}

// open listens and starts the targets of cfg. cfg was read from text.
func (d *daemon) open(c *console, text []byte, cfg *config.Config, prefix string, grafana *url.URL) (err error) {
	f := &d.flags
	d.manager = prober.NewManager(prober.Options{
		Log: d.log, DroppedLogLines: c.droppedLines, Metrics: cfg.Metrics, Limits: f.limits, Shard: d.shard,
	})
	d.discoveries = discover.New(d.log)
	d.shell = web.New(d.shellOptions(d.registry(), prefix, grafana))
	if err := d.shell.Validate(); err != nil {
		return fmt.Errorf("--web.telemetry-path: %w", err)
	}
	// The ports are bound before anything is sent. A prober whose metrics nobody can read would load
	// its targets for nothing.
	if d.bound, err = listen(f.listen); err != nil {
		return err
	}
	if err := d.apply(text, cfg); err != nil {
		closeAll(d.bound)
		return err
	}
	d.manager.NoteReload(nil)
	return nil
}

// registry returns a registry with the metrics outside the manager.
func (d *daemon) registry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		d.discoveries,
		&d.shards,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("prober"))
	return registry
}

// shellOptions returns the options of the web interface.
func (d *daemon) shellOptions(registry *prometheus.Registry, prefix string, grafana *url.URL) web.Options {
	f := &d.flags
	return web.Options{
		Log:             d.log,
		Manager:         d.manager,
		Discoveries:     d.discoveries,
		Registry:        registry,
		TelemetryPath:   f.telemetryPath,
		Prefix:          prefix,
		Grafana:         grafana,
		Peers:           d.peers,
		History:         d.past,
		EnableBadges:    f.enableBadges,
		ConfigFile:      filepath.Base(f.configFile),
		Config:          func() ([]byte, error) { return (*d.redacted.Load())() },
		Reload:          d.reload,
		EnableLifecycle: f.enableLifecycle,
		EnablePprof:     f.enablePprof,
	}
}

// openWeb opens the peers and the history, and returns the values of other flags for the web interface.
func (d *daemon) openWeb() (prefix string, grafana *url.URL, err error) {
	if prefix, err = web.Prefix(d.flags.externalURL); err != nil {
		return "", nil, fmt.Errorf("--web.external-url: %w", err)
	}
	if grafana, err = web.ParseGrafanaURL(d.flags.grafanaURL); err != nil {
		return "", nil, fmt.Errorf("--web.grafana-url: %w", err)
	}
	client, err := webClient(d.flags.peers.clientFile)
	if err != nil {
		return "", nil, fmt.Errorf("--web.client-config: %w", err)
	}
	if d.past, err = openHistory(&d.flags, client); err != nil {
		return "", nil, err
	}
	d.peers, err = d.flags.peers.open(d.log, client)
	return prefix, grafana, err
}

// run serves until ctx ends, then drains. It returns once everything is counted and, if somebody scrapes, scraped.
func (d *daemon) run(ctx context.Context, hangups <-chan os.Signal) error {
	server := d.shell.Server()
	served := make(chan error, 1)
	go func() { served <- serve(server, d.bound, d.flags.listen, d.log) }()
	stopReading := readPeers(ctx, d.peers)
	defer stopReading()
	found := pacing{interval: d.flags.applyInterval}
	defer found.stop()
	starting := time.NewTimer(readyWithin)
	defer starting.Stop()
	d.shell.SetReady(d.discoveries.IsIn())
	reloads, stopReloads := every(d.flags.autoReload)
	defer stopReloads()
	refreshes, stopRefreshes := every(d.flags.refresh)
	defer stopRefreshes()
	for {
		select {
		case <-reloads:
			d.reloadIfChanged()
		case <-refreshes:
			d.refreshIfChanged()
		case <-hangups:
			_ = d.reload() // it logs the error, and the old configuration stays
		case <-d.discoveries.Changed():
			found.ask()
		case <-found.due:
			found.done()
			d.applyFound()
			if d.discoveries.IsIn() {
				d.shell.SetReady(true)
			}
		case total := <-d.lookup.numbers():
			d.divide(total)
		case <-starting.C:
			d.shell.SetReady(true)
		case err := <-served:
			d.drain(0)
			return err
		case <-ctx.Done():
			// Not ready from here on, so that nothing new is sent here while the last numbers are still
			// served.
			d.shell.SetReady(false)
			d.drain(d.flags.grace)
			d.awaitScrape(served)
			return errors.Join(finish(server), closed(<-served))
		}
	}
}

// drain ends the bursts and gives the requests in flight the grace time to end. Whatever could change
// the targets ends first, so nothing starts a target again while the manager shuts down. Discoveries
// are awaited last: meanwhile they have had the time of the requests.
func (d *daemon) drain(grace time.Duration) {
	d.log.Info("waiting for requests in flight", "grace", grace)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if d.past != nil {
		d.past.Close()
	}
	d.lookup.close()
	d.discoveries.Close()
	d.manager.Shutdown(ctx)
	d.awaitDiscoveries()
}

// awaitScrape waits a while for a scrape of the last numbers. If nobody has ever scraped, it does not wait.
func (d *daemon) awaitScrape(served chan error) {
	before := d.shell.BegunScrapes()
	if before == 0 || d.flags.finalScrape == 0 {
		return
	}
	d.log.Info("waiting for the last scrape", "at_most", d.flags.finalScrape)
	timeout := time.NewTimer(d.flags.finalScrape)
	defer timeout.Stop()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for d.shell.AnsweredScrape() <= before {
		select {
		case <-poll.C:
		case <-timeout.C:
			return
		case err := <-served:
			// It is put back for run, which receives it at the end.
			served <- err
			return
		}
	}
}

// finish closes the server once the answer to the last scrape is sent.
func finish(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close()
}

package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"example.com/prober/config"
	"example.com/prober/prober"
	"example.com/prober/web"
)

// daemon is a prober that stays: the manager of the targets and the web
// interface around it.
type daemon struct {
	flags   daemonFlags
	log     *slog.Logger
	manager *prober.Manager
	shell   *web.Shell
	// reloading keeps reloads from overtaking each other.
	reloading sync.Mutex
	current   atomic.Pointer[config.Config]
}

// newDaemon loads the configuration and starts the targets.
func newDaemon(c *console, f daemonFlags) (*daemon, error) {
	d := &daemon{flags: f, log: promslog.New(c.log)}
	cfg, err := config.Load(f.configFile)
	if err != nil {
		return nil, usageError{err}
	}
	d.manager = prober.NewManager(d.log, cfg.Metrics)
	registry := prometheus.NewRegistry()
	registry.MustRegister(d.manager,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector("prober"))
	d.shell = web.New(web.Options{
		Log:             d.log,
		Manager:         d.manager,
		Registry:        registry,
		TelemetryPath:   f.telemetryPath,
		Config:          func() ([]byte, error) { return d.current.Load().Redacted() },
		Reload:          d.reload,
		EnableLifecycle: f.enableLifecycle,
		EnablePprof:     f.enablePprof,
	})
	if err := d.apply(cfg); err != nil {
		return nil, usageError{err}
	}
	d.log.Info("started", "version", version.Version, "config", f.configFile, "targets", len(cfg.Targets))
	return d, nil
}

// run serves until ctx ends, then drains. It returns once everything was counted
// and, if somebody scrapes, scraped.
func (d *daemon) run(ctx context.Context, hangups <-chan os.Signal) error {
	server := d.shell.Server()
	served := make(chan error, 1)
	go func() { served <- toolkit.ListenAndServe(server, d.flags.listen, d.log) }()
	d.shell.SetReady(true)
	for {
		select {
		case <-hangups:
			_ = d.reload() // it has been logged, and the old configuration serves on
		case err := <-served:
			d.drain(0)
			return err
		case <-ctx.Done():
			d.shell.SetReady(false)
			d.drain(d.flags.grace)
			d.awaitScrape(served)
			return errors.Join(server.Close(), closed(<-served))
		}
	}
}

// reload loads the configuration and makes it the running one. When that fails
// everything stays as it is.
func (d *daemon) reload() error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	cfg, err := config.Load(d.flags.configFile)
	if err == nil {
		err = d.apply(cfg)
	}
	if err != nil {
		d.manager.NoteReload(false)
		d.log.Error("the configuration was not loaded; the old one stays", "config", d.flags.configFile, "err", err)
		return err
	}
	d.log.Info("the configuration was loaded", "config", d.flags.configFile, "targets", len(cfg.Targets))
	return nil
}

func (d *daemon) apply(cfg *config.Config) error {
	if err := d.manager.Apply(cfg); err != nil {
		return err
	}
	d.manager.NoteReload(true)
	d.current.Store(cfg)
	return nil
}

// drain ends the bursts and gives the requests in flight the time of grace.
func (d *daemon) drain(grace time.Duration) {
	d.log.Info("waiting for requests in flight", "grace", grace)
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	d.manager.Shutdown(ctx)
}

// awaitScrape gives whoever scrapes the last numbers, for a while. Where nobody
// has ever scraped there is nobody to wait for.
func (d *daemon) awaitScrape(served chan error) {
	before := d.shell.Scrapes()
	if before == 0 || d.flags.finalScrape == 0 {
		return
	}
	d.log.Info("waiting for the last scrape", "at_most", d.flags.finalScrape)
	timeout := time.NewTimer(d.flags.finalScrape)
	defer timeout.Stop()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for d.shell.Scrapes() == before {
		select {
		case <-poll.C:
		case <-timeout.C:
			return
		case err := <-served:
			served <- err
			return
		}
	}
}

// closed drops the error that only says that the server was closed.
func closed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

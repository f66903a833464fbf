package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
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
	bound   []net.Listener
	// reloading keeps reloads from overtaking each other.
	reloading sync.Mutex
	current   atomic.Pointer[config.Config]
	// text is what the running configuration was read from.
	text atomic.Pointer[[]byte]
}

// newDaemon loads the configuration and starts the targets.
func newDaemon(c *console, f daemonFlags) (*daemon, error) {
	d := &daemon{flags: f, log: promslog.New(c.log)}
	if err := f.shard.Validate(); err != nil {
		return nil, usageError{err}
	}
	text, err := config.Read(f.configFile)
	if err != nil {
		return nil, usageError{err}
	}
	cfg, err := config.Parse(text, f.configFile)
	if err != nil {
		return nil, usageError{err}
	}
	d.manager = prober.NewManager(prober.Options{Log: d.log, Metrics: cfg.Metrics, Limits: f.limits, Shard: f.shard})
	registry := prometheus.NewRegistry()
	registry.MustRegister(
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
	if d.bound, err = listen(f.listen); err != nil {
		return nil, usageError{err}
	}
	if err := d.apply(text, cfg); err != nil {
		closeAll(d.bound)
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
	go func() { served <- serve(server, d.bound, d.flags.listen, d.log) }()
	d.shell.SetReady(true)
	all, referred := newWatch(d.flags.autoReload, d.files()), newWatch(d.flags.refresh, d.referred())
	defer all.stop()
	defer referred.stop()
	for {
		select {
		case <-all.ticks:
			d.reloadIfChanged(all)
		case <-referred.ticks:
			d.refreshIfChanged(referred)
		case <-hangups:
			_ = d.reload() // it has been logged, and the old configuration serves on
		case err := <-served:
			d.drain(0)
			return err
		case <-ctx.Done():
			d.shell.SetReady(false)
			d.drain(d.flags.grace)
			d.awaitScrape(served)
			return errors.Join(finish(server), closed(<-served))
		}
	}
}

// reload reads the configuration from its file and makes it the running one.
// When that fails everything stays as it is.
func (d *daemon) reload() error {
	text, err := config.Read(d.flags.configFile)
	if err != nil {
		return d.refuse(err)
	}
	return d.load(text)
}

// load makes the configuration in text the running one.
func (d *daemon) load(text []byte) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	cfg, err := config.Parse(text, d.flags.configFile)
	if err == nil {
		err = d.apply(text, cfg)
	}
	if err != nil {
		return d.refuse(err)
	}
	d.log.Info("the configuration was loaded", "config", d.flags.configFile, "targets", len(cfg.Targets))
	return nil
}

// refuse notes that a configuration could not be loaded, and returns why.
func (d *daemon) refuse(err error) error {
	d.manager.NoteReload(false)
	d.log.Error("the configuration was not loaded; the old one stays", "config", d.flags.configFile, "err", err)
	return err
}

func (d *daemon) apply(text []byte, cfg *config.Config) error {
	if err := d.manager.Apply(cfg); err != nil {
		return err
	}
	d.manager.NoteReload(true)
	d.text.Store(&text)
	d.current.Store(cfg)
	warnUnverified(d.log, cfg)
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
			served <- err
			return
		}
	}
}

// finish closes the server once the answer to the last scrape is out.
func finish(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) == nil {
		return nil
	}
	return server.Close()
}

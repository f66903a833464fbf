package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Prober is the prober as its users run it: the daemon. Its burst begins at its slot.
type Prober struct {
	// Precision is the key of that name; empty leaves it out.
	Precision string
}

// Name returns the name of the prober with its way to wait.
func (p Prober) Name() string {
	if p.Precision == "" {
		return "prober"
	}
	return "prober, precision: " + p.Precision
}

func (p Prober) warmUp(Load) int { return 0 }

// command starts the burst at most a second after its length: that is the interval.
func (p Prober) command(r *Rig, l Load, dir string) ([]string, error) {
	precision := ""
	if p.Precision != "" {
		precision = "precision: " + p.Precision + ", "
	}
	rate := ""
	if l.Rate > 0 {
		rate = fmt.Sprintf("rate: %d, ", l.Rate)
	}
	config := fmt.Sprintf("targets:\n- name: bench\n  url: %s\n  interval: %s\n  burst: {%s%sduration: %s, concurrency: %d}\n",
		l.URL, l.Duration+slotMargin, precision, rate, l.Duration, l.InFlight)
	return r.daemonCommand(r.prober, config, dir)
}

// slotMargin is the time between two bursts. Within it the metrics are read and the daemon is ended.
const slotMargin = 1500 * time.Millisecond

func (p Prober) finish(ctx context.Context, process *Process, dir string) (Report, error) {
	d := &Daemon{Process: process, dir: dir}
	var m Metrics
	for m.Value("prober_bursts_total") < 1 {
		if err := Sleep(ctx, 50*time.Millisecond); err != nil {
			return Report{}, err
		}
		var err error
		if m, err = d.Scrape(ctx); err != nil {
			return Report{}, err
		}
	}
	latency := m.Histogram("prober_request_duration_seconds")
	report := Report{
		Latency:  latency.Quantiles(),
		Requests: int(latency.Count()),
		Lag:      m.Histogram("prober_schedule_lag_seconds").Quantiles(),
	}
	return report, d.Stop(ctx)
}

// Daemon is a prober under way.
type Daemon struct {
	*Process
	dir string
}

// StartDaemon starts a prober on the core of the clients, with the given configuration and more flags than the common
// ones.
func (r *Rig) StartDaemon(ctx context.Context, config string, flags ...string) (*Daemon, error) {
	return r.startDaemon(ctx, r.clientCore, r.prober, config, flags)
}

// StartDaemonOnBoth does the same on the cores of the clients and the servers.
func (r *Rig) StartDaemonOnBoth(ctx context.Context, config string, flags ...string) (*Daemon, error) {
	return r.startDaemon(ctx, bothCores, r.prober, config, flags)
}

// StartOther is StartDaemon with another executable of the prober.
func (r *Rig) StartOther(ctx context.Context, executable, config string, flags ...string) (*Daemon, error) {
	return r.startDaemon(ctx, r.clientCore, executable, config, flags)
}

func (r *Rig) startDaemon(ctx context.Context, core int, executable, config string, flags []string) (*Daemon, error) {
	dir, err := os.MkdirTemp(r.scratch, "daemon-")
	if err != nil {
		return nil, err
	}
	command, err := r.daemonCommand(executable, config, dir)
	if err != nil {
		return nil, err
	}
	p, err := r.start(ctx, core, command[0], append(command[1:], flags...)...)
	if err != nil {
		return nil, err
	}
	return &Daemon{Process: p, dir: dir}, nil
}

const (
	addressFile = "address"
	configFile  = "prober.yml"
)

func (r *Rig) daemonCommand(executable, config, dir string) ([]string, error) {
	file := filepath.Join(dir, configFile)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, addressFile), []byte(address), 0o600); err != nil {
		return nil, err
	}
	// The benchmarks scrape before they end the daemon.
	return []string{executable, "run", "--config.file=" + file, "--web.listen-address=" + address, "--shutdown.final-scrape=0s"}, nil
}

// Reload makes the daemon load another configuration. It does not wait for that.
func (d *Daemon) Reload(config string) error {
	if err := os.WriteFile(filepath.Join(d.dir, configFile), []byte(config), 0o600); err != nil {
		return err
	}
	return d.cmd.Process.Signal(syscall.SIGHUP)
}

// Scrape reads the daemon's metrics.
func (d *Daemon) Scrape(ctx context.Context) (Metrics, error) {
	response, err := d.get(ctx, "/metrics", "")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return ReadMetrics(response.Body)
}

// Fetch reads the daemon's compressed metrics without decoding them.
func (d *Daemon) Fetch(ctx context.Context) error {
	response, err := d.get(ctx, "/metrics", "gzip")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close())
}

// AskAndNeverRead opens connections that ask for the daemon's metrics and read nothing. They stay until ctx ends.
func (d *Daemon) AskAndNeverRead(ctx context.Context, scrapers int) error {
	address, err := os.ReadFile(filepath.Join(d.dir, addressFile))
	for i := 0; i < scrapers && err == nil; i++ {
		var c net.Conn
		if c, err = (&net.Dialer{}).DialContext(ctx, "tcp", string(address)); err == nil {
			context.AfterFunc(ctx, func() { _ = c.Close() })
			_, err = io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
		}
	}
	return err
}

// AwaitReady returns when the daemon has started its targets.
func (d *Daemon) AwaitReady(ctx context.Context) error {
	for {
		response, err := d.get(ctx, "/-/ready", "")
		if err == nil {
			return response.Body.Close()
		}
		if sleepErr := Sleep(ctx, 100*time.Millisecond); sleepErr != nil {
			return fmt.Errorf("%w: %w", sleepErr, err)
		}
	}
}

// get requests a page as Prometheus with native histograms does. Without an encoding, the client decompresses the
// answer.
func (d *Daemon) get(ctx context.Context, path, encoding string) (*http.Response, error) {
	address, err := os.ReadFile(filepath.Join(d.dir, addressFile))
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+string(address)+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", string(metricsFormat()))
	if encoding != "" {
		request.Header.Set("Accept-Encoding", encoding)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s: %s", path, response.Status), response.Body.Close())
	}
	return response, nil
}

// Stop ends the daemon.
func (d *Daemon) Stop(ctx context.Context) error { return d.Terminate(ctx) }

// FreeAddress returns an address of the loopback interface without a listener.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"example.com/prober/internal/rig"
)

// patience bounds each wait of the run for something certain to come.
const patience = 30 * time.Second

// daemon is the program under test.
type daemon struct {
	*rig.Child

	url string
}

// startDaemon starts the program, with its log in log, and waits until it answers.
func startDaemon(ctx context.Context, binary, config string, log *rotated) (*daemon, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	d := &daemon{url: "http://127.0.0.1:" + port}
	cmd := exec.CommandContext(ctx, binary, "run", "--config.file="+config, "--web.listen-address=127.0.0.1:"+port,
		"--config.refresh-interval=5s", "--discover.apply-interval=1s", "--log.level=info", "--shutdown.grace="+patience.String(), "--shutdown.final-scrape=0s")
	cmd.Stdout, cmd.Stderr = write, write
	if d.Child, err = rig.StartChild(cmd); err != nil {
		read.Close()
		return nil, err
	}
	go func() {
		defer read.Close()
		log.follow(read)
	}()
	err = rig.Poll(ctx, patience, "a daemon that answers", func() bool {
		_, err := d.sample(ctx, 0)
		return err == nil || d.HasEnded()
	})
	if d.HasEnded() {
		err = errors.New("the daemon ended at once")
	}
	if err != nil {
		d.Kill()
		return nil, fmt.Errorf("%w; its log is %s", err, log.path)
	}
	return d, nil
}

func freePort(ctx context.Context) (string, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	_, port, err := net.SplitHostPort(ln.Addr().String())
	return port, err
}

// sample reads the figures.
func (d *daemon) sample(ctx context.Context, at time.Duration) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m, err := rig.Scrape(ctx, d.url+"/metrics")
	if err != nil {
		return sample{}, err
	}
	series := 0
	for _, family := range m {
		series += len(family.GetMetric())
	}
	const mib = 1 << 20
	return sample{at, []float64{
		m.Sum("process_resident_memory_bytes") / mib, m.Sum("go_memstats_heap_alloc_bytes") / mib,
		m.Sum("process_open_fds"), m.Sum("go_goroutines"), float64(series), float64(len(m.Values("prober_target_info", "target"))),
	}}, nil
}

// terminate ends the daemon as a service manager does.
func (d *daemon) terminate() error {
	if err := d.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.Ended():
	case <-time.After(2 * patience):
		return errors.New("the daemon did not end after SIGTERM")
	}
	if code := d.ExitCode(); code != 0 {
		return fmt.Errorf("the daemon ended with %d", code)
	}
	return nil
}

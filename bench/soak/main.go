// Command soak runs the daemon for hours and fails if a figure of it keeps growing: memory, descriptors, goroutines,
// series.
//
// It has some hundred targets of all kinds, at the misbehaving server of the demo and at servers with changing
// behaviour. Meanwhile the configuration is reloaded, discovered targets come and go, certificates are renewed and the
// log is rotated. Every few seconds it reads the figures of the daemon. At the end it fits a line to each, without the
// warm-up, and prints a table. Steps of the clock are left out: they need another program, or the right to set the
// clock of the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"example.com/prober/internal/rig"
)

// settings are the flags.
type settings struct {
	duration, every time.Duration
	targets         int
	binary          string
}

const (
	longest = 7 * 24 * time.Hour // nobody waits longer, and a forgotten run has to end
	// shortest is the shortest run to judge. The daemon keeps the last 48 bursts of each target, and has seen all ways
	// to fail only after some minutes: until then it grows for good reason.
	shortest    = 20 * time.Minute
	leastWarmUp = 10 * time.Minute
)

// warmUp returns the time at the start to ignore.
func (s *settings) warmUp() time.Duration {
	if s.duration < shortest {
		return s.duration / 4
	}
	return max(s.duration/4, leastWarmUp)
}

func main() {
	var s settings
	flag.DurationVar(&s.duration, "duration", 2*time.Hour, "how long to run, a quarter of it to warm up; below 20m nothing is judged")
	flag.DurationVar(&s.every, "every", 10*time.Second, "how often to read the figures")
	flag.IntVar(&s.targets, "targets", 200, "how many targets there are, without those that are discovered")
	flag.StringVar(&s.binary, "prober", "", "the program under test; built from this module if empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func (s *settings) validate() error {
	if s.duration <= 0 || s.duration > longest || s.every < time.Second || s.targets < 1 {
		return fmt.Errorf("-duration must be above 0 and at most %s, -every at least 1s, -targets at least 1", longest)
	}
	return nil
}

func (s *settings) run(ctx context.Context) (err error) {
	if err := s.validate(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "soak-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			fmt.Printf("the configuration and the log are in %s\n", dir)
			return
		}
		_ = os.RemoveAll(dir) // leftovers are in the folder for temporary files
	}()
	if s.binary == "" {
		s.binary = filepath.Join(dir, "prober")
		if err := rig.Build(ctx, s.binary, []string{"CGO_ENABLED=0"}); err != nil {
			return err
		}
	}
	w, err := newWorld(ctx, dir, s.targets)
	if err != nil {
		return err
	}
	defer w.close()
	log, err := newRotated(filepath.Join(dir, "prober.log"))
	if err != nil {
		return err
	}
	config, err := w.configure(0)
	if err != nil {
		return err
	}
	d, err := startDaemon(ctx, s.binary, config, log)
	if err != nil {
		return err
	}
	defer d.Kill()
	c := &churn{world: w, daemon: d, log: log, done: map[string]int{}}
	samples, err := s.soak(ctx, c)
	if err != nil {
		return err
	}
	growing := judge(os.Stdout, samples, s.warmUp())
	fmt.Printf("\n%d samples in %s; done meanwhile: %v\n", len(samples), s.duration, c.done)
	if err := d.terminate(); err != nil {
		return err
	}
	if s.duration < shortest {
		fmt.Printf("Not judged: a daemon that has just started grows. That takes at least %s.\n", shortest)
		return nil
	}
	if len(growing) > 0 {
		return fmt.Errorf("this grows: %s", strings.Join(growing, ", "))
	}
	return nil
}

// soak takes samples and runs the events, until the time is over.
func (s *settings) soak(ctx context.Context, c *churn) (samples []sample, err error) {
	begin := time.Now()
	for n := 1; time.Since(begin) < s.duration; n++ {
		next := begin.Add(time.Duration(n) * s.every)
		pause(ctx, time.Until(next))
		switch {
		case ctx.Err() != nil:
			return nil, errors.New("interrupted")
		case c.daemon.HasEnded():
			return nil, fmt.Errorf("the daemon ended with %d", c.daemon.ExitCode())
		}
		one, err := c.daemon.sample(ctx, time.Since(begin))
		if err != nil {
			return nil, fmt.Errorf("after %s: %w", time.Since(begin).Round(time.Second), err)
		}
		samples = append(samples, one)
		fmt.Printf("%9s", one.at.Round(time.Second))
		for i, f := range figures() {
			fmt.Printf("  %s %.0f", f.name, one.values[i])
		}
		fmt.Println()
		if err := c.step(ctx, n); err != nil {
			return nil, err
		}
	}
	return samples, nil
}

// Command screenshot records the demo for README: its status page and the page of a
// target, in light, in dark and on a phone, and its table. It runs in the root of the
// repository and needs Go and Chromium.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

const (
	folder = "docs/images"
	// patience bounds the whole recording: a build, the demo and the pictures.
	patience = 5 * time.Minute
	// history is how long the demo runs after its first table, so the charts have
	// something to show.
	history = 75 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := record(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshot:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	dir, err := os.MkdirTemp("", "prober-screenshot-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "prober")
	if err := command(ctx, "go", "build", "-o", program, ".").Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	table, err := recordDemo(ctx, program, dir)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "demo.txt"), []byte(table), 0o600)
}

// recordDemo takes the pictures while the demo runs and returns its first table.
func recordDemo(ctx context.Context, program, dir string) (table string, err error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return "", err
	}
	demo := command(ctx, program, "demo", "--web.listen-address="+address, "--demo.table-interval=10s")
	demo.Stdout = nil
	printed, err := demo.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := demo.Start(); err != nil {
		return "", fmt.Errorf("start the demo: %w", err)
	}
	table, err = readTable(printed)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, printed) // the rest of its output does not matter
	}()
	if err == nil {
		err = wait(ctx, history)
	}
	if err == nil {
		err = takeAll(ctx, "http://"+address, dir)
	}
	err = errors.Join(err, demo.Process.Signal(os.Interrupt)) // the demo ends on it
	<-drained
	return table, errors.Join(err, demo.Wait())
}

// readTable waits for the first table and reads it. By then every target has had a burst.
// The first line of the demo says how many lines the table has.
func readTable(r io.Reader) (string, error) {
	var table strings.Builder
	ways, left := 0, -1
	lines := bufio.NewScanner(r)
	for left != 0 && lines.Scan() {
		line := strings.TrimRight(lines.Text(), " ")
		switch {
		case left > 0:
			left--
		case strings.HasPrefix(line, "TARGET"):
			left = ways
		default:
			_, _ = fmt.Sscanf(line, "The demo server misbehaves in %d ways", &ways) // most lines do not say
			continue
		}
		table.WriteString(line + "\n")
	}
	if ways == 0 || left != 0 {
		return "", errors.Join(errors.New("the demo ended without a table"), lines.Err())
	}
	return table.String(), nil
}

// wait waits for d, unless ctx ends before.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// freeAddress returns an address on loopback without a listener.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// command returns a command. Its output is shown, and it is interrupted, not killed, when
// ctx ends.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // all programs are named in this file
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

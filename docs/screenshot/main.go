// Command screenshot records the demo for README: its status page, in light and
// in dark, and the table that it prints. It runs in the root of the repository
// and needs Go and Chromium.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

const (
	folder = "docs/images"
	// patience bounds the whole recording: a build, ten seconds of demo, two pictures.
	patience = 3 * time.Minute
	// maxPicture is in bytes; every clone of the repository carries the pictures.
	maxPicture = 300 << 10
	// windowSize fits the page's table without wrapping.
	windowSize = "1200,900"
)

// picture is one look at the status page. The scheme is a number of Chromium's
// setting preferredColorScheme.
type picture struct{ file, scheme string }

func pictures() []picture {
	return []picture{{"status-light.png", "1"}, {"status-dark.png", "0"}}
}

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
	if err == nil {
		err = takeAll(ctx, "http://"+address+"/", dir)
	}
	// The demo ends by the signal; what it still prints is of no interest.
	err = errors.Join(err, demo.Process.Signal(os.Interrupt))
	_, _ = io.Copy(io.Discard, printed)
	return table, errors.Join(err, demo.Wait())
}

// readTable waits for the first table, by when every target has had a burst, and
// reads it. How many lines it has stands in the first line that the demo prints.
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

func takeAll(ctx context.Context, url, dir string) error {
	if err := expectFailures(ctx, url); err != nil {
		return err
	}
	for _, p := range pictures() {
		if err := take(ctx, p, url, filepath.Join(dir, p.file)); err != nil {
			return err
		}
	}
	return nil
}

// expectFailures makes sure that the page shows what the pictures are to show.
func expectFailures(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	var client http.Client
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if !strings.Contains(string(page), ">failing<") {
		return errors.New("the status page shows no failing target")
	}
	return nil
}

// take writes one picture. The profile is a folder for Chromium to write to.
func take(ctx context.Context, p picture, url, profile string) error {
	path := filepath.Join(folder, p.file)
	chromium := command(ctx, "chromium",
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--hide-scrollbars",
		"--user-data-dir="+profile,
		"--blink-settings=preferredColorScheme="+p.scheme,
		"--window-size="+windowSize,
		"--screenshot="+path,
		url)
	chromium.Stderr = nil // it complains about the desktop that is not there
	if err := chromium.Run(); err != nil {
		return fmt.Errorf("chromium: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxPicture {
		return fmt.Errorf("%s has %d bytes; a picture may have %d", path, info.Size(), maxPicture)
	}
	return nil
}

// freeAddress returns an address on loopback on which nobody listens now.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	ln, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// command is one whose output is shown, and which is asked to end, not killed.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // all programs are named in this file
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

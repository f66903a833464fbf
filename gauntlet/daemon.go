package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.com/prober/internal/rig"
)

// patience bounds each wait of the gauntlet for something certain to come.
const patience = 30 * time.Second

// daemon is the program under test as a child process. The gauntlet learns everything about it from outside: over HTTP,
// from its log and from /proc.
type daemon struct {
	*rig.Child

	url    string
	mute   bool   // nobody can read its log
	file   string // its configuration
	output valve
	// over is closed when the program has ended and all its output is read.
	over chan struct{}
}

// listenFlag sets the address of the daemon. Without the flag the address comes from the log; with it the log is not
// read at all.
const listenFlag = "--web.listen-address="

// startDaemon starts the program with a configuration in the folder dir and waits until it listens. The program is
// killed when ctx ends.
func startDaemon(ctx context.Context, binary, dir, config string, flags ...string) (*daemon, error) {
	d := &daemon{file: filepath.Join(dir, "prober.yml"), over: make(chan struct{})}
	if err := os.WriteFile(d.file, []byte(config), 0o600); err != nil {
		return nil, err
	}
	address := "127.0.0.1:0"
	if at := slices.IndexFunc(flags, func(f string) bool { return strings.HasPrefix(f, listenFlag) }); at >= 0 {
		d.mute, address = true, strings.TrimPrefix(flags[at], listenFlag)
		flags = slices.Delete(slices.Clone(flags), at, at+1)
	}
	args := append([]string{
		"run", "--config.file=" + d.file, listenFlag + address, "--web.enable-lifecycle", "--web.enable-pprof",
		"--shutdown.grace=" + patience.String(), "--shutdown.final-scrape=" + patience.String(),
	}, flags...)
	if err := d.start(exec.CommandContext(ctx, binary, args...)); err != nil { //nolint:gosec // it is the program under test
		return nil, err
	}
	if err := d.greet(ctx, address); err != nil {
		d.kill()
		return nil, err
	}
	return d, nil
}

// start starts the program and copies its output through the valve until the program has ended.
func (d *daemon) start(cmd *exec.Cmd) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	cmd.Stdout, cmd.Stderr = w, w
	if d.Child, err = rig.StartChild(cmd); err != nil {
		r.Close()
		return err
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer r.Close()
		_, _ = io.Copy(&d.output, r) // to the end of the output, and so of the program
	}()
	go func() {
		defer close(d.over)
		<-d.Ended()
		d.output.open()
		<-read
	}()
	return nil
}

// greet learns the address of the daemon and waits until it listens.
func (d *daemon) greet(ctx context.Context, address string) (err error) {
	if !d.mute {
		address, err = d.await(ctx, `msg="Listening on" address=(\S+)`)
		d.url = "http://" + address
		return err
	}
	d.url = "http://" + address
	err = until(ctx, "a daemon without a log", func() bool { return d.isReady(ctx) || d.hasEnded() })
	if d.hasEnded() {
		err = errors.Join(err, errors.New("the daemon without a log ended"))
	}
	return err
}

func (d *daemon) isReady(ctx context.Context) bool {
	status, _, err := fetch(ctx, http.MethodGet, d.url+"/-/ready", "")
	return err == nil && status == http.StatusOK
}

// await waits until the log matches pattern and returns the first group.
func (d *daemon) await(ctx context.Context, pattern string) (string, error) {
	re := regexp.MustCompile(pattern)
	var found []string
	err := until(ctx, "a log that matches "+pattern, func() bool {
		found = re.FindStringSubmatch(d.output.String())
		return found != nil || d.hasEnded()
	})
	if err == nil && found == nil {
		err = fmt.Errorf("the daemon ended: %s", d.output.String())
	}
	if err != nil {
		return "", err
	}
	return found[len(found)-1], nil
}

// hasEnded reports whether the daemon has ended and all its output is read.
func (d *daemon) hasEnded() bool {
	select {
	case <-d.over:
		return true
	default:
		return false
	}
}

// configure writes the configuration and makes the daemon load it.
func (d *daemon) configure(ctx context.Context, config string) error {
	if err := os.WriteFile(d.file, []byte(config), 0o600); err != nil {
		return err
	}
	status, body, err := fetch(ctx, http.MethodPost, d.url+"/-/reload", "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("reload: status %d: %s", status, body)
	}
	return err
}

// kill ends the daemon with SIGKILL.
func (d *daemon) kill() {
	d.Kill()
	<-d.over
}

// terminate sends SIGTERM and waits until all requests have ended. The daemon ends after the next scrape, its last.
func (d *daemon) terminate(ctx context.Context) error {
	if err := d.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if d.mute {
		return until(ctx, "the end of a daemon without a log", func() bool { return !d.isReady(ctx) })
	}
	_, err := d.await(ctx, `(waiting for the last scrape)`)
	return err
}

// wait waits for the end and returns the exit code.
func (d *daemon) wait(ctx context.Context) (int, error) {
	if d.mute { // nobody knows which scrape is the last, so another may be necessary
		err := until(ctx, "the end", func() bool {
			_, _, _ = fetch(ctx, http.MethodGet, d.url+"/metrics", "")
			return d.hasEnded()
		})
		if err != nil {
			d.kill()
			return 0, err
		}
	}
	select {
	case <-d.over:
		return d.ExitCode(), nil
	case <-time.After(patience):
		d.kill()
		return 0, errors.New("the daemon does not end")
	}
}

// fetch sends a request without a body on a connection of its own.
func fetch(ctx context.Context, method, url, accept string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return rig.FetchAs(ctx, method, url, accept)
}

// until waits until is returns true.
func until(ctx context.Context, what string, is func() bool) error {
	return rig.Poll(ctx, patience, what, is)
}

// valve takes the output of the daemon, unless it is shut.
type valve struct {
	rig.Output

	mu      sync.Mutex
	blocked chan struct{} // closed when it opens; nil while it is open
}

// Write implements io.Writer.
func (v *valve) Write(p []byte) (int, error) {
	v.mu.Lock()
	blocked := v.blocked
	v.mu.Unlock()
	if blocked != nil {
		<-blocked
	}
	return v.Output.Write(p)
}

// shut takes nothing from now on, so the daemon's pipe fills until open is called.
func (v *valve) shut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.blocked = make(chan struct{})
}

// open takes all output again.
func (v *valve) open() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.blocked != nil {
		close(v.blocked)
		v.blocked = nil
	}
}

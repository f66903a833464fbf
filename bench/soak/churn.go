package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// churn is the sequence of events for a daemon in production, repeated for as long as it runs.
type churn struct {
	world  *world
	daemon *daemon
	log    *rotated
	// done counts each kind of event.
	done map[string]int
}

// step does the events of the n-th step.
func (c *churn) step(ctx context.Context, n int) error {
	for _, one := range []struct {
		name  string
		every int
		do    func(n int) error
	}{
		{"discovery", 2, c.discover},
		{"reload", 3, c.reload},
		{"certificates", 5, func(int) error { return c.world.renew() }},
		{"log rotation", 7, func(int) error { return c.log.rotate(ctx) }},
		{"mood", 4, func(n int) error { c.world.mood.Store(int32(n / 4 % int(moods))); return nil }},
	} {
		if n%one.every != 0 {
			continue
		}
		if err := one.do(n); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		c.done[one.name]++
	}
	return nil
}

// discover publishes other targets, five to twenty.
func (c *churn) discover(n int) error {
	var groups []map[string]any
	address := c.world.targets[0]["url"].(string) //nolint:forcetypeassert // it is one of http1
	for i := range 5 + n%16 {
		groups = append(groups, map[string]any{
			"targets": []string{address[len("http://") : len(address)-len("/soak")]},
			"labels":  map[string]string{"number": fmt.Sprint((n + i) % 40)},
		})
	}
	text, err := json.Marshal(groups)
	if err != nil {
		return err
	}
	return replace(filepath.Join(c.world.dir, "found.json"), text)
}

func (c *churn) reload(n int) error {
	if _, err := c.world.configure(n); err != nil {
		return err
	}
	return c.daemon.Signal(syscall.SIGHUP)
}

// rotated is a log. Its file is replaced now and then, and nobody reads the log meanwhile.
type rotated struct {
	path string
	mu   sync.Mutex // held by whoever writes or rotates
	file *os.File
}

// unread is how long a rotation reads nothing: the daemon writes more than a pipe holds.
const unread = 2 * time.Second

func newRotated(path string) (*rotated, error) {
	file, err := os.Create(path)
	return &rotated{path: path, file: file}, err
}

// follow copies the daemon's log to its end.
func (r *rotated) follow(from io.Reader) {
	_, _ = io.Copy(r, from) // a lost log is no failure of the daemon
}

// Write implements io.Writer.
func (r *rotated) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.file.Write(p)
}

// rotate keeps the previous file, and no older one.
func (r *rotated) rotate(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	pause(ctx, unread)
	if err := r.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(r.path, r.path+".1"); err != nil {
		return err
	}
	var err error
	r.file, err = os.Create(r.path)
	return err
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

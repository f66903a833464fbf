package main

import (
	"crypto/sha256"
	"os"
	"time"
)

// fingerprint tells whether any of several files has changed: its content
// counts, so that a touched file is the same and a swapped link is not. A file
// that cannot be read has a fingerprint of its own.
type fingerprint map[string][sha256.Size]byte

func fingerprintOf(paths []string) fingerprint {
	f := make(fingerprint, len(paths))
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			content = []byte(err.Error())
		}
		f[path] = sha256.Sum256(content)
	}
	return f
}

// watch looks at files at intervals.
type watch struct {
	ticks <-chan time.Time // nil, so that it never delivers, for an interval of 0
	stop  func()
	seen  fingerprint
}

// newWatch returns a watch that takes files to be as they are now.
func newWatch(interval time.Duration, files []string) *watch {
	if interval <= 0 {
		return &watch{stop: func() {}}
	}
	ticker := time.NewTicker(interval)
	return &watch{ticks: ticker.C, stop: ticker.Stop, seen: fingerprintOf(files)}
}

// changed tells whether one of the files is not as it was when last looked at.
// One that was not looked at before is taken as it is.
func (w *watch) changed(files []string) bool {
	before := w.seen
	w.seen = fingerprintOf(files)
	for path, now := range w.seen {
		if old, known := before[path]; known && old != now {
			return true
		}
	}
	return false
}

// reloadIfChanged loads the configuration if it or what it refers to has changed.
func (d *daemon) reloadIfChanged(w *watch) {
	if w.changed(d.files()) {
		_ = d.reload() // it has been logged, and the old configuration serves on
	}
}

// refreshIfChanged reads the files again that the running configuration refers
// to, if one has changed. The configuration itself stays as it was loaded.
func (d *daemon) refreshIfChanged(w *watch) {
	if w.changed(d.referred()) {
		_ = d.load(*d.text.Load()) // as above
	}
}

// files are the configuration and all that it refers to, referred only the latter.
func (d *daemon) files() []string    { return d.current.Load().Files }
func (d *daemon) referred() []string { return d.files()[1:] }

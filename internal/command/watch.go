package command

import (
	"crypto/sha256"
	"time"

	"example.com/prober/config"
)

// fingerprint reports whether any of several files has changed. Only content
// counts: a touched file is the same, a swapped link is not. An unreadable file
// has the fingerprint of its error.
type fingerprint map[string][sha256.Size]byte

// changed reports whether one of paths is not as it was.
func (f fingerprint) changed(paths []string) bool {
	for _, path := range paths {
		if f[path] != config.SumOf(path) {
			return true
		}
	}
	return false
}

// every returns a channel that delivers at intervals, or never for an interval
// of 0, and a function to stop it.
func every(interval time.Duration) (ticks <-chan time.Time, stop func()) {
	if interval <= 0 {
		return nil, func() {}
	}
	ticker := time.NewTicker(interval)
	return ticker.C, ticker.Stop
}

//go:build !lean

package discover

import (
	"log/slog"

	// Each of these packages registers its key of a configuration.
	_ "github.com/prometheus/prometheus/discovery/consul"
	"k8s.io/klog/v2"
)

// leanKeys are the keys of mechanisms that this build lacks.
var leanKeys = map[string]bool{}

// SetLibraryLog makes the libraries of mechanisms log errors with h, one a minute. Otherwise they log all to standard
// error. It holds for the process. Call it before the first discovery starts.
func SetLibraryLog(h slog.Handler) { klog.SetSlogLogger(slog.New(newSparseHandler(h))) }

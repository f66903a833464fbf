//go:build lean

package discover

import (
	"log/slog"

	"github.com/prometheus/prometheus/discovery"
)

// leanKeys are the keys of mechanisms that this build lacks.
var leanKeys = map[string]bool{"consul_sd_configs": true, "kubernetes_sd_configs": true}

// SetLibraryLog does nothing: the libraries of this build log nothing of their own.
func SetLibraryLog(slog.Handler) {}

func watchRequests() {}

func unansweredBy(string) float64 { return 0 }

func apiServerOf(discovery.Config) string { return "" }
